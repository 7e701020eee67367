"""Named attention arrays, transforms and links; NumPy only.

The names load on first use; none of them brings in torch until a model is loaded.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
