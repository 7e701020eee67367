"""See, measure and trust what protein language models attend to.

The public names load on first use, so that ``import protvis`` itself costs next to nothing.
"""

import lazy_loader

from protvis._version import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
