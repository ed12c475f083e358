"""How the bytes of a file become a header and rows, one module a family of formats."""
