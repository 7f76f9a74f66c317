"""How templates are read, whoever reads them: `doctor`, which examines functions, and `migrate`, which changes them."""
