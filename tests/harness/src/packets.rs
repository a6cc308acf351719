//! Network packets from a compact text: `eth/ip(dst=10.0.0.2)/udp(dport=53)/"payload"`.
//!
//! Promises: lengths, the type fields that name the next layer, and the checksums of IPv4, ICMP, UDP and TCP are right unless
//! the text sets them; the same text gives the same bytes. `cut N` at the end shortens (or fills with zeros) to N bytes, and `N`
//! is the variable of a `for N in A..B`.
//! Leaves out: fragments, IPv6 extension headers, TCP options.
//!
//! | layer | fields and what they are when not given |
//! |---|---|
//! | `eth` | `dst=02:00:00:00:00:02 src=02:00:00:00:00:01 type=`next layer |
//! | `vlan` | `id=1 type=`next layer |
//! | `ip` | `src=10.0.0.1 dst=10.0.0.2 ttl=64 proto=`next layer, `tos=0 options=0` (bytes of no-operation options) |
//! | `ip6` | `src=fd00::1 dst=fd00::2 hop=64 next=`next layer |
//! | `udp`, `tcp` | `sport=1000 dport=2000`, tcp also `flags=S` of `FSRPAU` |
//! | `icmp` | `type=8 code=0` |
//! | `zeros(N)`, `ones(N)`, `count(N)`, `hex(...)`, `"text"` | payload: N zeros, N times 0xff, N bytes 0 1 2 ..., these bytes |

use crate::{scan::Cursor, values};
use std::net::{Ipv4Addr, Ipv6Addr};

#[derive(Debug)]
enum Layer {
    Eth { head: [u8; 12], kind: Option<u16> },
    Vlan { id: u16, kind: Option<u16> },
    Ip { src: Ipv4Addr, dst: Ipv4Addr, ttl: u8, tos: u8, proto: Option<u8>, options: usize },
    Ip6 { src: Ipv6Addr, dst: Ipv6Addr, hop: u8, next: Option<u8> },
    Udp { sport: u16, dport: u16 },
    Tcp { sport: u16, dport: u16, flags: u8 },
    Icmp { kind: u8, code: u8 },
    Payload(Vec<u8>),
}

impl Layer {
    fn ether_type(&self) -> Option<u16> {
        match self {
            Self::Vlan { .. } => Some(0x8100),
            Self::Ip { .. } => Some(0x0800),
            Self::Ip6 { .. } => Some(0x86dd),
            _ => None,
        }
    }

    fn protocol(&self) -> Option<u8> {
        match self {
            Self::Icmp { .. } => Some(1),
            Self::Tcp { .. } => Some(6),
            Self::Udp { .. } => Some(17),
            _ => None,
        }
    }
}

/// Longest payload that a case may ask for, in bytes: a page is more than a test run takes.
const LONGEST: i64 = 65536;

/// Takes a packet; `n` is the value of the loop variable `N`, if there is one.
pub fn packet(c: &mut Cursor<'_>, n: Option<i64>) -> Result<Vec<u8>, String> {
    let mut layers = vec![layer(c, n)?];
    while c.eat("/") {
        layers.push(layer(c, n)?);
    }
    let mut bytes = assemble(&layers);
    if c.eat_word("cut") {
        bytes.resize(length(c, n)?, 0);
    }
    Ok(bytes)
}

fn length(c: &mut Cursor<'_>, n: Option<i64>) -> Result<usize, String> {
    let value = if c.eat_word("N") { n.ok_or("`N` is used without `for N in A..B`")? } else { c.integer()? };
    if (0..=LONGEST).contains(&value) {
        Ok(value as usize)
    } else {
        Err(format!("{value} is not a length between 0 and {LONGEST}"))
    }
}

fn layer(c: &mut Cursor<'_>, n: Option<i64>) -> Result<Layer, String> {
    if c.rest().starts_with('"') {
        return Ok(Layer::Payload(c.quoted()?.into_bytes()));
    }
    let before = c.clone();
    let name = c.name().map_err(|_| before.wanted("a packet layer"))?;
    let mut payload = |byte: fn(usize) -> u8| -> Result<Layer, String> {
        c.expect("(")?;
        let bytes = (0..length(c, n)?).map(byte).collect();
        c.expect(")")?;
        Ok(Layer::Payload(bytes))
    };
    match name {
        "zeros" => return payload(|_| 0),
        "ones" => return payload(|_| 0xff),
        "count" => return payload(|at| at as u8),
        "hex" => return values::hex_in_parentheses(c).map(Layer::Payload),
        _ => {}
    }
    let fields = Fields::parse(c, name)?;
    let layer = match name {
        "eth" => {
            let mut head = [0; 12];
            head[..6].copy_from_slice(&fields.mac("dst", [2, 0, 0, 0, 0, 2])?);
            head[6..].copy_from_slice(&fields.mac("src", [2, 0, 0, 0, 0, 1])?);
            Layer::Eth { head, kind: fields.number("type")? }
        }
        "vlan" => Layer::Vlan { id: fields.number("id")?.unwrap_or(1), kind: fields.number("type")? },
        "ip" => Layer::Ip {
            src: fields.parsed("src", Ipv4Addr::new(10, 0, 0, 1))?,
            dst: fields.parsed("dst", Ipv4Addr::new(10, 0, 0, 2))?,
            ttl: fields.number("ttl")?.unwrap_or(64),
            tos: fields.number("tos")?.unwrap_or(0),
            proto: fields.number("proto")?,
            options: fields.options()?,
        },
        "ip6" => Layer::Ip6 {
            src: fields.parsed("src", Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1))?,
            dst: fields.parsed("dst", Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 2))?,
            hop: fields.number("hop")?.unwrap_or(64),
            next: fields.number("next")?,
        },
        "udp" => Layer::Udp {
            sport: fields.number("sport")?.unwrap_or(1000),
            dport: fields.number("dport")?.unwrap_or(2000),
        },
        "tcp" => Layer::Tcp {
            sport: fields.number("sport")?.unwrap_or(1000),
            dport: fields.number("dport")?.unwrap_or(2000),
            flags: fields.flags()?,
        },
        "icmp" => Layer::Icmp {
            kind: fields.number("type")?.unwrap_or(8),
            code: fields.number("code")?.unwrap_or(0),
        },
        _ => {
            return Err(
                before.wanted("a packet layer (eth vlan ip ip6 udp tcp icmp zeros ones count hex or a text)")
            );
        }
    };
    Ok(layer)
}

/// The `name=value` pairs in the parentheses of one layer.
struct Fields<'a> {
    layer: &'a str,
    pairs: Vec<(&'a str, &'a str)>,
}

const KNOWN: &[(&str, &[&str])] = &[
    ("eth", &["dst", "src", "type"]),
    ("vlan", &["id", "type"]),
    ("ip", &["src", "dst", "ttl", "tos", "proto", "options"]),
    ("ip6", &["src", "dst", "hop", "next"]),
    ("udp", &["sport", "dport"]),
    ("tcp", &["sport", "dport", "flags"]),
    ("icmp", &["type", "code"]),
];

impl<'a> Fields<'a> {
    fn parse(c: &mut Cursor<'a>, layer: &'a str) -> Result<Self, String> {
        let mut pairs = Vec::new();
        if c.eat("(") {
            let known = KNOWN.iter().find(|(name, _)| *name == layer).map_or(&[][..], |(_, names)| names);
            while !c.eat(")") {
                let name = c.name()?;
                if !known.contains(&name) {
                    return Err(format!("`{layer}` has no field `{name}`; it has {}", known.join(", ")));
                }
                c.expect("=")?;
                let value = c.run("a value", |ch| ch.is_alphanumeric() || ".:_".contains(ch))?;
                pairs.push((name, value));
                c.eat(",");
            }
        }
        Ok(Self { layer, pairs })
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    fn bad(&self, name: &str, value: &str) -> String {
        format!("`{value}` is not a value for `{name}` of `{}`", self.layer)
    }

    fn number<T: TryFrom<i64>>(&self, name: &str) -> Result<Option<T>, String> {
        let Some(value) = self.text(name) else { return Ok(None) };
        let number = Cursor::new(value).integer().map_err(|_| self.bad(name, value))?;
        T::try_from(number).map(Some).map_err(|_| self.bad(name, value))
    }

    fn parsed<T: std::str::FromStr>(&self, name: &str, default: T) -> Result<T, String> {
        self.text(name).map_or(Ok(default), |value| value.parse().map_err(|_| self.bad(name, value)))
    }

    fn options(&self) -> Result<usize, String> {
        let bytes: u8 = self.number("options")?.unwrap_or(0);
        if bytes <= 40 && bytes.is_multiple_of(4) {
            Ok(usize::from(bytes))
        } else {
            Err("`options` of `ip` must be a multiple of 4, at most 40".to_owned())
        }
    }

    fn mac(&self, name: &str, default: [u8; 6]) -> Result<[u8; 6], String> {
        let Some(value) = self.text(name) else { return Ok(default) };
        let bytes: Option<Vec<u8>> = value.split(':').map(|p| u8::from_str_radix(p, 16).ok()).collect();
        bytes.and_then(|b| b.try_into().ok()).ok_or_else(|| self.bad(name, value))
    }

    fn flags(&self) -> Result<u8, String> {
        let text = self.text("flags").unwrap_or("S");
        text.chars().try_fold(0, |bits, c| {
            "FSRPAU".find(c).map(|bit| bits | 1 << bit).ok_or_else(|| self.bad("flags", text))
        })
    }
}

fn assemble(layers: &[Layer]) -> Vec<u8> {
    // From the innermost layer outwards: a header knows its payload's length, and its next layer's type.
    let mut bytes: Vec<u8> = Vec::new();
    let mut inner: Option<&Layer> = None;
    for (at, layer) in layers.iter().enumerate().rev() {
        let mut header = Vec::new();
        match layer {
            Layer::Payload(payload) => header.extend(payload),
            Layer::Eth { head, kind } => {
                header.extend(head);
                header.extend(kind.or(inner.and_then(Layer::ether_type)).unwrap_or(0).to_be_bytes());
            }
            Layer::Vlan { id, kind } => {
                header.extend(id.to_be_bytes());
                header.extend(kind.or(inner.and_then(Layer::ether_type)).unwrap_or(0).to_be_bytes());
            }
            Layer::Ip { src, dst, ttl, tos, proto, options } => {
                let length = 20 + options;
                header.extend([0x40 | (length / 4) as u8, *tos]);
                header.extend(((length + bytes.len()) as u16).to_be_bytes());
                header.extend([
                    0,
                    0,
                    0,
                    0,
                    *ttl,
                    proto.or(inner.and_then(Layer::protocol)).unwrap_or(0),
                    0,
                    0,
                ]);
                header.extend(src.octets());
                header.extend(dst.octets());
                header.resize(length, 1);
                let sum = checksum(&[&header]);
                header[10..12].copy_from_slice(&sum.to_be_bytes());
            }
            Layer::Ip6 { src, dst, hop, next } => {
                header.extend([0x60, 0, 0, 0]);
                header.extend((bytes.len() as u16).to_be_bytes());
                header.extend([next.or(inner.and_then(Layer::protocol)).unwrap_or(59), *hop]);
                header.extend(src.octets());
                header.extend(dst.octets());
            }
            Layer::Udp { sport, dport } => {
                header.extend(sport.to_be_bytes());
                header.extend(dport.to_be_bytes());
                header.extend(((8 + bytes.len()) as u16).to_be_bytes());
                header.extend([0, 0]);
                // A UDP checksum of zero means "none", so a computed zero is sent as all ones (RFC 768).
                let sum = match transport_checksum(outer(layers, at), 17, &header, &bytes) {
                    0 => 0xffff,
                    sum => sum,
                };
                header[6..8].copy_from_slice(&sum.to_be_bytes());
            }
            Layer::Tcp { sport, dport, flags } => {
                header.extend(sport.to_be_bytes());
                header.extend(dport.to_be_bytes());
                header.extend([0, 0, 0, 1, 0, 0, 0, 0, 0x50, *flags, 0xff, 0xff, 0, 0, 0, 0]);
                let sum = transport_checksum(outer(layers, at), 6, &header, &bytes);
                header[16..18].copy_from_slice(&sum.to_be_bytes());
            }
            Layer::Icmp { kind, code } => {
                header.extend([*kind, *code, 0, 0, 0, 1, 0, 1]);
                let sum = checksum(&[&header, &bytes]);
                header[2..4].copy_from_slice(&sum.to_be_bytes());
            }
        }
        header.append(&mut bytes);
        bytes = header;
        inner = Some(layer);
    }
    bytes
}

fn outer(layers: &[Layer], at: usize) -> Option<&Layer> {
    at.checked_sub(1).and_then(|outer| layers.get(outer))
}

fn transport_checksum(outer: Option<&Layer>, protocol: u8, header: &[u8], payload: &[u8]) -> u16 {
    let length = ((header.len() + payload.len()) as u32).to_be_bytes();
    let tail = [length[0], length[1], length[2], length[3], 0, 0, 0, protocol];
    let pseudo = match outer {
        Some(Layer::Ip { src, dst, .. }) => [&src.octets()[..], &dst.octets(), &tail].concat(),
        Some(Layer::Ip6 { src, dst, .. }) => [&src.octets()[..], &dst.octets(), &tail].concat(),
        _ => Vec::new(),
    };
    checksum(&[&pseudo, header, payload])
}

/// The Internet checksum (RFC 1071) over the pieces as if they were one; each but the last must be of even length.
pub fn checksum(pieces: &[&[u8]]) -> u16 {
    let mut sum: u32 = 0;
    for piece in pieces {
        for pair in piece.chunks(2) {
            sum += u32::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]
    use super::*;

    fn build(text: &str) -> Vec<u8> {
        let mut c = Cursor::new(text);
        let bytes = packet(&mut c, Some(20)).unwrap();
        c.finish().unwrap();
        bytes
    }

    #[test]
    fn ethernet_ipv4_udp() {
        let bytes = build(r#"eth / ip(src=1.2.3.4, ttl=3) / udp(dport=53) / "hi""#);
        assert_eq!(bytes.len(), 14 + 20 + 8 + 2);
        assert_eq!(bytes[12..14], [8, 0]);
        assert_eq!(bytes[14], 0x45);
        assert_eq!(bytes[16..18], [0, 30]);
        assert_eq!(bytes[22..24], [3, 17]);
        assert_eq!(checksum(&[&bytes[14..34]]), 0, "a header with its checksum sums to zero");
        assert_eq!(bytes[36..38], [0, 53]);
        assert_eq!(bytes[38..40], [0, 10]);
        let pseudo = [&bytes[26..34], &[0, 17, 0, 10]].concat();
        assert_eq!(checksum(&[&pseudo, &bytes[34..]]), 0);
    }

    #[test]
    fn other_layers() {
        assert_eq!(build("eth/ip(options=8)/icmp")[14], 0x47);
        let six = build("eth/ip6/tcp(flags=SA)");
        assert_eq!((six.len(), six[20]), (14 + 40 + 20, 6));
        assert_eq!(six[67], 0b01_0010);
        assert_eq!(build("eth/vlan(id=7)/ip")[12..18], [0x81, 0, 0, 7, 8, 0]);
        assert_eq!(build("eth(type=0x1234)/zeros(N)").len(), 34);
        assert_eq!(build("eth/ip cut N").len(), 20);
        assert_eq!(build("hex(00 ff) cut 4"), [0, 0xff, 0, 0]);
        assert_eq!(build("count(3)/ones(1)"), [0, 1, 2, 0xff]);
    }

    #[test]
    fn refusals_name_the_mistake() {
        let refuse = |text: &str| packet(&mut Cursor::new(text), None).unwrap_err();
        assert!(refuse("ether").contains("a packet layer"));
        assert!(refuse("ip(sport=1)").contains("it has src, dst"));
        assert!(refuse("ip(src=1.2.3)").contains("`src`"));
        assert!(refuse("zeros(N)").contains("for N in"));
        assert!(refuse("zeros(-1)").contains("not a length"));
        assert!(refuse("tcp(flags=X)").contains("flags"));
    }
}
