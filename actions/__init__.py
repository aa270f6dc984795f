"""First floor: judgement and deeds. What to propose, whether it may be done, doing it once, and the record of it."""
