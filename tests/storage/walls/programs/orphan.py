"""Calls die_with_parent with what argv says: the parent's pid and a descriptor. Ends with 42 if it is let live."""

import sys

from storage.walls.children import die_with_parent

die_with_parent(int(sys.argv[1]), int(sys.argv[2]))
sys.exit(42)
