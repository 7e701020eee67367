"""The statistics of heads: features, counting, significance, calibration, probes.

The names load on first use. `protvis.analyze` runs it all and gives a report.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
