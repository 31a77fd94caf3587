"""The decision watch: whether what was approved still holds under today's facts, criteria and day.

Every new revision of the program, every published version of its criteria, a condition that is done and each new day owe a
look. One watch is looked at whole, with its causes; many are sifted at batch depth, and only those whose answer moved are
then owed the whole look. A result is stored by whoever holds the job's lease, and never over that of newer inputs.
"""

from assessments.services.watches.beginning import begin
from assessments.services.watches.running import watch

__all__ = ["begin", "watch"]
