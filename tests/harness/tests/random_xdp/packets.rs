//! Random packets as a network may bring them, and some as it should not.
//!
//! Promises: lengths and checksums are right before a packet is damaged, which some are: cut short, or with a byte changed; the
//! same seed gives the same packets. Leaves out: the packets of the cases, which `pbpf_tests::packets` builds by code of its own.

/// A small generator of numbers, the same in each run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.byte()).collect()
    }
}

/// The ones' complement sum of 16-bit words, folded; 0xffff over data with its right checksum.
pub(crate) fn sum(pieces: &[&[u8]]) -> u16 {
    let all = pieces.concat();
    let words = all.chunks(2).map(|w| u64::from(w[0]) << 8 | u64::from(w.get(1).copied().unwrap_or(0)));
    let mut total: u64 = words.sum();
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    total as u16
}

/// Addresses and names that the tests put into maps.
pub(crate) const SERVICE: [u8; 4] = [10, 0, 0, 2];
pub(crate) const NAMES: [&str; 4] =
    ["ads.example.com", "x", "tracker.example.org", "a.very.long.name.with.many.labels.example"];

/// The pseudo header of TCP and UDP.
pub(crate) fn pseudo(source: &[u8], target: &[u8], length: usize, protocol: u8) -> Vec<u8> {
    let mut out = [source, target].concat();
    out.extend((length as u32).to_be_bytes());
    out.extend([0, 0, 0, protocol]);
    out
}

fn dns(random: &mut Random) -> Vec<u8> {
    let mut out = random.bytes(2);
    out.extend(if random.chance(90) { [1, 0] } else { [0x81, 0x80] });
    out.extend(if random.chance(90) { [0, 1] } else { [0, 2] });
    out.extend([0; 6]);
    let mut name = random.pick(&NAMES).to_owned();
    if random.chance(30) {
        name = format!("{}.{name}", "sub".repeat(1 + random.below(15)));
    }
    for label in name.split('.') {
        out.push(label.len() as u8);
        out.extend(label.bytes().map(|b| if random.chance(30) { b.to_ascii_uppercase() } else { b }));
    }
    out.push(if random.chance(95) { 0 } else { 0xc0 });
    out.extend([0, 1, 0, 1]);
    out
}

fn options(random: &mut Random) -> Vec<u8> {
    let mut out = Vec::new();
    while out.len() < 36 && random.chance(70) {
        let option: &[u8] = random.pick(&[
            &[1][..],
            &[2, 4, 5, 0xb4],
            &[3, 3, 7],
            &[4, 2],
            &[8, 10, 1, 2, 3, 4, 5, 6, 7, 8],
            &[2, 4, 0, 0],
        ]);
        out.extend(option);
        if random.chance(5) {
            let wrong = random.byte();
            out.push(wrong);
        }
    }
    out.truncate(40);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

/// The transport layer of a packet: its protocol and bytes, with a checksum for these addresses.
fn transport(random: &mut Random, source: &[u8], target: &[u8]) -> (u8, Vec<u8>) {
    let ports = |random: &mut Random| {
        let mut ports = random.bytes(2);
        ports.extend(u16::to_be_bytes(random.pick(&[53, 80, 443, 1024])));
        ports
    };
    let (protocol, mut bytes, check) = match random.below(4) {
        0 => {
            let options = options(random);
            let mut tcp = ports(random);
            tcp.extend(random.bytes(8));
            tcp.extend([(5 + options.len() as u8 / 4) << 4, random.pick(&[2, 2, 2, 0x12, 0x10, 0x18])]);
            tcp.extend([255, 255, 0, 0, 0, 0]);
            tcp.extend(options);
            let n = random.below(30);
            tcp.extend(random.bytes(n));
            (6, tcp, 16)
        }
        1 | 2 => {
            let mut udp = ports(random);
            let data = if udp[2..] == [0, 53] {
                dns(random)
            } else {
                let n = random.below(60);
                random.bytes(n)
            };
            udp.extend(((8 + data.len()) as u16).to_be_bytes());
            udp.extend([0, 0]);
            udp.extend(data);
            (17, udp, 6)
        }
        _ => {
            let mut icmp = vec![random.pick(&[8, 8, 8, 0, 3]), random.pick(&[0, 0, 0, 1]), 0, 0];
            let n = 4 + random.below(70);
            icmp.extend(random.bytes(n));
            (1, icmp, 2)
        }
    };
    let pseudo = if protocol == 1 { Vec::new() } else { pseudo(source, target, bytes.len(), protocol) };
    let mut value = !sum(&[&pseudo, &bytes]);
    if protocol == 17 && value == 0 {
        value = 0xffff;
    }
    if protocol != 17 || random.chance(95) {
        bytes[check..check + 2].copy_from_slice(&value.to_be_bytes());
    }
    (protocol, bytes)
}

fn version4(random: &mut Random) -> Vec<u8> {
    let (source, target) = ([10, 0, 0, random.pick(&[1, 3, 4, 5])], [10, 0, 0, random.pick(&[2, 2, 2, 9])]);
    let (protocol, payload) = transport(random, &source, &target);
    let options = if random.chance(20) { 4 * random.below(11) } else { 0 };
    let fragment: u16 =
        if random.chance(8) { random.pick(&[0x2000, 0x2010, 0x0010]) } else { random.pick(&[0, 0x4000]) };
    let mut ip = vec![0x45 + (options / 4) as u8, random.byte()];
    ip.extend(((20 + options + payload.len()) as u16).to_be_bytes());
    ip.extend(random.bytes(2));
    ip.extend(fragment.to_be_bytes());
    ip.extend([random.pick(&[1, 2, 64, 255]), protocol, 0, 0]);
    ip.extend([source, target].concat());
    ip.resize(20 + options, 1);
    let check = !sum(&[&ip]);
    ip[10..12].copy_from_slice(&check.to_be_bytes());
    ip.extend(payload);
    ip
}

fn version6(random: &mut Random) -> Vec<u8> {
    let (source, target) = (random.bytes(16), random.bytes(16));
    let (mut protocol, mut payload) = transport(random, &source, &target);
    for _ in 0..if random.chance(50) { random.below(9) } else { 0 } {
        let kind = random.pick(&[0, 43, 44, 51, 60]);
        let units = random.below(3);
        let mut header = vec![protocol, units as u8];
        let length = match kind {
            44 => 8,
            51 => (units + 2) * 4,
            _ => (units + 1) * 8,
        };
        header.resize(length, 0);
        if kind == 44 && random.chance(30) {
            header[3] = random.byte();
        }
        header.extend(payload);
        (protocol, payload) = (kind, header);
    }
    let mut ip = vec![0x60 | random.byte() >> 4, random.byte(), 0, 0];
    ip.extend((payload.len() as u16).to_be_bytes());
    ip.extend([protocol, random.pick(&[1, 64])]);
    ip.extend([source, target, payload].concat());
    ip
}

/// A packet.
pub(crate) fn packet(random: &mut Random) -> Vec<u8> {
    let mut out = vec![2, 0, 0, 0, 0, random.pick(&[1, 2, 3])];
    if random.chance(3) {
        out[0] = 0xff;
    }
    out.extend([2, 0, 0, 0, 1, random.byte()]);
    if random.chance(20) {
        for _ in 0..=random.below(3) {
            out.extend(u16::to_be_bytes(random.pick(&[0x8100, 0x88a8])));
            out.extend(random.bytes(2));
        }
    }
    match random.below(20) {
        0 => {
            out.extend([8, 6]);
            out.extend(random.bytes(28));
        }
        1..5 => {
            out.extend([0x86, 0xdd]);
            out.extend(version6(random));
        }
        _ => {
            out.extend([8, 0]);
            out.extend(version4(random));
        }
    }
    if random.chance(15) {
        out.truncate(random.below(out.len()));
    }
    if random.chance(15) && !out.is_empty() {
        let at = random.below(out.len().min(80));
        out[at] = random.byte();
    }
    out
}
