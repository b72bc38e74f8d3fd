"""Whether this computer can do what ferdash needs, and what it would say to others: the checks of `ferdash doctor`.

Each check looks and changes nothing but a file that it writes and removes in a folder to see that it may.
"""

from ferdash.diagnosis.check import Check, State
from ferdash.diagnosis.everything import checks

__all__ = ["Check", "State", "checks"]
