"""A static site of all there is to read and try: explorers, notebooks, how-tos, reference.

It opens from disk, and no page of it loads anything from the network.
"""

from protvis.site.build_site import Site, build_site

__all__ = ["Site", "build_site"]
