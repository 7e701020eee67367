"""Protein language models; torch and transformers live here and nowhere else.

The names load on first use, so that ``import protvis.models`` does not bring in torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
