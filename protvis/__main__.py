"""``python -m protvis`` is the ``protvis`` command."""

import sys

from protvis.cli import main

sys.exit(main())
