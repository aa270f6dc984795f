"""The rules of the house as tests: floors, owners of libraries, one door out, one shape for records, rows and migrations."""
