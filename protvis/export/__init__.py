"""Self-contained HTML pages, images and tables."""

from protvis.export.page import explore_to_html, write_page

__all__ = ["explore_to_html", "write_page"]
