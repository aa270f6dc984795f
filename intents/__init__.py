"""Ground floor: what a sentence means (intent, slots), read by a small model without any large one."""
