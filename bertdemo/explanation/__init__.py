"""Why a classifier said so: attention, attribution, and tests of both."""
