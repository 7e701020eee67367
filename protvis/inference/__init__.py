"""What a model attends to in one protein: attention of a sequence, a chain or a complex."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
