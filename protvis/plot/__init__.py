"""Figures of what was counted, and of one view: matplotlib, no widgets.

Functions take tables and return a `ReportFigure`; they show nothing and keep no state. The names
load on first use.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
