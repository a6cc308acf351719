"""The file ends too early."""
#: check
# error@5:1: [syntax-error]
x = (1,
