"""Indentation."""
#: check
def f():
    x = 1
  y = 2  # error: [syntax-error] "indentation"
