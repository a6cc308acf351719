"""The file ends too early."""
#: check
# error@5: [syntax-error]
x = (1,
