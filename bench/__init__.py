"""What is measured, against what; not part of the installed product."""
