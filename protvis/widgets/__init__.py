"""The notebook side: the only room that knows traitlets, ipywidgets, anywidget and nglview."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
