"""Indentation."""
#: check
def f():
    x = 1
  y = 2  # error:3: [syntax-error] "indentation"
