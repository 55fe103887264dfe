// Closures, sorting with a callback, trait objects, threads, and panics in
// flight, without frame pointers.  The calls that there are, in the notation
// of stacks.c, with the name of the crate left out:
//
//	main > sorting > -sorting > before > before_work
//	main > threading > -threading	- > worker > worker_work
//	main > calling > -calling > area > area_work
//	main > panicking > -panicking > deep > deep > thrower > -thrower
//	deep > -deep > guard > guard_work
use std::hint::black_box;
use std::time::{Duration, Instant};

#[inline(always)]
fn burn() {
    let mut x: u64 = 88172645463325252;
    let mut steps = 20000;
    // No iterators: without optimization those are functions.
    while steps > 0 {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        unsafe { std::arch::asm!("/* {0} */", inout(reg) x, options(nomem, nostack)) };
        steps -= 1;
    }
}

#[inline(never)]
fn before_work() {
    burn();
}

#[inline(never)]
fn before(a: &u32, b: &u32) -> std::cmp::Ordering {
    before_work();
    black_box(a.cmp(b))
}

#[inline(never)]
fn sorting() {
    let mut numbers: Vec<u32> = (0..30).map(|i| i * 7 % 30).collect();
    numbers.sort_by(|a, b| before(a, b));
    black_box(&numbers);
}

#[inline(never)]
fn worker_work() {
    burn();
    burn();
}

#[inline(never)]
fn worker(rounds: u32) {
    let mut round = 0;
    while round < rounds {
        worker_work();
        round += 1;
    }
    black_box(rounds);
}

#[inline(never)]
fn threading() {
    let threads: Vec<_> = (0..8).map(|_| std::thread::spawn(|| worker(20))).collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

trait Shape {
    fn area(&self, scale: u32) -> u32;
}

struct Circle;

#[inline(never)]
fn area_work() {
    burn();
    burn();
    burn();
}

#[inline(never)]
fn area(scale: u32) -> u32 {
    area_work();
    black_box(scale)
}

impl Shape for Circle {
    fn area(&self, scale: u32) -> u32 {
        area(scale) + 1
    }
}

#[inline(never)]
fn calling() {
    let shape: Box<dyn Shape> = black_box(Box::new(Circle));
    for i in 0..40 {
        black_box(shape.area(i));
    }
}

#[inline(never)]
fn guard_work() {
    burn();
    black_box(1);
}

#[inline(never)]
fn guard() {
    guard_work();
    black_box(2);
}

struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        guard();
    }
}

#[inline(never)]
fn thrower(value: u32) {
    if black_box(value) == 0 {
        std::panic::panic_any(value);
    }
}

#[inline(never)]
fn deep(level: u32) {
    let _guard = Guard;
    if level > 0 {
        deep(level - 1);
    } else {
        thrower(0);
    }
    black_box(level);
}

#[inline(never)]
fn panicking() {
    let _ = black_box(std::panic::catch_unwind(|| deep(black_box(12))));
}

fn main() {
    let seconds: f64 = std::env::args().nth(1).map_or(2.0, |text| text.parse().unwrap());
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    std::panic::set_hook(Box::new(|_| {}));
    while Instant::now() < until {
        sorting();
        threading();
        calling();
        for _ in 0..20 {
            panicking();
        }
    }
}
