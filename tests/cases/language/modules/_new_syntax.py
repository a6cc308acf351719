"""Of a later Python."""

type Alias[T: int = bool] = list[T]
