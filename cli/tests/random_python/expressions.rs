//! Random expressions.
//!
//! Promises: what pbpf refuses in an expression (a constant divisor of 0, a constant shift that is too far) is not made. Under C's
//! meaning, the values of `a if t else b`, `and`, `or`, `min`, `max` and of chains of comparisons have one type: which it is depends on types that the model, which
//! only sees values, does not know. Leaves out: statements (`generator`).

use crate::generator::{BINARY, Generator};
use crate::program::{Expr, Int};

const COMPARE: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];

impl Generator {
    /// An expression of at most this depth.
    pub(crate) fn expr(&mut self, depth: usize) -> Expr {
        if depth == 0 || self.random.chance(15) {
            return self.leaf();
        }
        let d = depth - 1;
        match self.random.below(30) {
            0..=9 => {
                let op = *self.random.pick(&BINARY);
                let left = self.expr(d);
                let right = self.operand(op, d);
                Expr::Binary(op, Box::new(left), Box::new(right))
            }
            10 => Expr::Unary(self.sign(), Box::new(self.expr(d))),
            11..=13 => self.compare(d),
            14 => {
                let op = *self.random.pick(&["and", "or"]);
                let mut values = vec![self.expr(d), self.expr(d)];
                if self.random.chance(30) {
                    values.push(self.expr(d));
                }
                let values = self.alike(values);
                Expr::Logical(op, values)
            }
            15 => Expr::Not(Box::new(self.expr(d))),
            16 | 17 => {
                let test = self.expr(d);
                let mut arms = vec![self.expr(d), self.expr(d)];
                arms = self.alike(arms);
                let (b, a) = (arms.pop(), arms.pop());
                let whole = match (a, b) {
                    (Some(a), Some(b)) => Expr::If(Box::new(test), Box::new(a), Box::new(b)),
                    _ => test,
                };
                self.settled(whole)
            }
            18..=20 => {
                let name = self.int().name();
                Expr::Call(name, vec![self.unlike_constant(d)])
            }
            21 => {
                let name = (*self.random.pick(&["int", "bool"])).to_owned();
                Expr::Call(name, vec![self.unlike_constant(d)])
            }
            22 => {
                let name = (*self.random.pick(&["min", "max"])).to_owned();
                let values = vec![self.expr(d), self.expr(d)];
                let values = self.alike(values);
                let call = Expr::Call(name, values);
                self.settled(call)
            }
            23 => Expr::Call("abs".to_owned(), vec![self.expr(d)]),
            24 if !self.callable.is_empty() => {
                let (name, count) = self.random.pick(&self.callable).clone();
                let args = (0..count).map(|_| self.expr(d.min(1))).collect();
                Expr::Call(name, args)
            }
            25 if !self.scope.locals.is_empty() => {
                let name = self.random.pick(&self.scope.locals).clone();
                Expr::Walrus(name, Box::new(self.expr(d)))
            }
            26 if !self.scope.locals.is_empty() => {
                let name = self.random.pick(&self.scope.locals).clone();
                let items = (0..=self.random.below(3)).map(|_| self.expr(d.min(1))).collect();
                Expr::In(Box::new(Expr::Name(name)), items)
            }
            27 if !self.maps.is_empty() => {
                let map = self.random.pick(&self.maps).clone();
                if self.random.chance(50) {
                    return Expr::InMap(Box::new(self.key()), map.name);
                }
                let default = Expr::Call(map.value.name(), vec![self.unlike_constant(0)]);
                Expr::Call(format!("{}.get", map.name), vec![self.key(), default])
            }
            28 if !self.scope.arrays.is_empty() => {
                let (array, index) = self.element();
                Expr::Index(array, Box::new(index))
            }
            29 if !self.scope.texts.is_empty() => {
                let text = self.random.pick(&self.scope.texts).clone();
                let other = *self.random.pick(&["\"\"", "\"a\"", "\"abc\"", "\"seven77\""]);
                Expr::Compare(Box::new(Expr::Name(text)), vec![("==", Expr::Name(other.to_owned()))])
            }
            _ => self.leaf(),
        }
    }

    fn sign(&mut self) -> &'static str {
        if self.random.chance(50) { "-" } else { "~" }
    }

    pub(crate) fn leaf(&mut self) -> Expr {
        let places = self.scope.places.len() + self.scope.reads.len();
        if places > 0 && self.random.chance(68) {
            let at = self.random.below(places);
            let name = self.scope.places.iter().chain(&self.scope.reads).nth(at);
            return Expr::Name(name.cloned().unwrap_or_default());
        }
        if self.random.chance(5) { Expr::Bool(self.random.chance(50)) } else { Expr::Int(self.edge()) }
    }

    /// An operand that is no constant: a cast of one that does not fit is a warning.
    fn unlike_constant(&mut self, depth: usize) -> Expr {
        match self.expr(depth) {
            Expr::Int(n) => {
                let name = self.scope.places.first().cloned();
                name.map_or(Expr::Int(n & 1), Expr::Name)
            }
            other => other,
        }
    }

    /// The right side of an operator.
    pub(crate) fn operand(&mut self, op: &str, depth: usize) -> Expr {
        match op {
            "<<" | ">>" => {
                // Under C's meaning a narrow left side is 32 bits wide.
                let most = if self.c { 32 } else { 64 };
                if self.random.chance(60) {
                    return Expr::Int(self.random.below(most) as i128);
                }
                let mask = Box::new(Expr::Int(most as i128 - 1));
                Expr::Binary("&", Box::new(self.expr(depth)), mask)
            }
            "//" | "%" => match self.expr(depth) {
                Expr::Int(0) | Expr::Bool(_) => Expr::Int(3),
                other => other,
            },
            _ => self.expr(depth),
        }
    }

    fn compare(&mut self, depth: usize) -> Expr {
        let mut operands = vec![self.expr(depth), self.expr(depth)];
        while self.random.chance(15) {
            operands.push(self.expr(depth));
        }
        if operands.len() > 2 {
            operands = self.alike(operands);
        }
        let first = operands.remove(0);
        let rest = operands.into_iter().map(|e| (*self.random.pick(&COMPARE), e)).collect();
        Expr::Compare(Box::new(first), rest)
    }

    /// Values of one type, where the meaning is C's.
    fn alike(&mut self, values: Vec<Expr>) -> Vec<Expr> {
        if !self.c {
            return values;
        }
        let ty = *self.random.pick(&[
            Int { bits: 32, signed: true },
            Int { bits: 32, signed: false },
            Int::I64,
            Int::U64,
        ]);
        let cast = |value| match value {
            // A constant that does not fit is cut with a warning.
            Expr::Int(n) => Expr::Call(ty.name(), vec![Expr::Int(n & 127)]),
            other => Expr::Call(ty.name(), vec![other]),
        };
        values.into_iter().map(cast).collect()
    }

    /// A value whose sign the model may not know, often put where it is known.
    fn settled(&mut self, value: Expr) -> Expr {
        if self.c || self.random.chance(50) {
            return value;
        }
        let ty = if self.random.chance(50) { Int::U64 } else { Int::I64 };
        Expr::Call(ty.name(), vec![value])
    }

    /// An element of an array: mostly in it by its mask; elsewhere the program ends.
    pub(crate) fn element(&mut self) -> (String, Expr) {
        let (array, length) = self.random.pick(&self.scope.arrays).clone();
        if self.random.chance(30) {
            return (array, Expr::Int(self.random.below(length) as i128));
        }
        if self.main && self.random.chance(10) {
            return (array, self.unlike_constant(1));
        }
        let mask = Box::new(Expr::Int(length as i128 - 1));
        (array, Expr::Binary("&", Box::new(self.expr(1)), mask))
    }
}
