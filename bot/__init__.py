"""The roof: doors, the road, assembly, pages, command line."""
