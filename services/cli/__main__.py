"""`python -m services.cli`, the same as `quanzu`."""

import sys

from services.cli import main

sys.exit(main())
