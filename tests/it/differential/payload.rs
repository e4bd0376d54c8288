//! Payloads for RESTORE: small values in encodings whose order is told by their bytes, sometimes spoiled.

use slotwise::rdb::Writer;
use slotwise::rdb::payload::seal;

use super::vocabulary::Vocabulary;

/// Draws one. Spoiled ones are those that the reference refuses without being told to look deeper.
pub fn draw(words: &mut Vocabulary) -> Vec<u8> {
    let number = [0, 0, 1, 2, 3, 4, 5, 6, 8, 19][words.rng.usize(..10)];
    let mut out = vec![number];
    let mut writer = Writer::new(&mut out, words.rng.bool());
    let mut elements: Vec<Vec<u8>> = (0..words.rng.usize(1..12)).map(|_| words.member()).collect();
    match number {
        0 => writer.string(&words.value()),
        1 | 2 => {
            // A member that comes twice is one of the things that spoil a set.
            writer.count(elements.len());
            elements.iter().for_each(|element| writer.string(element));
        }
        3..=5 => {
            elements.sort();
            elements.dedup();
            writer.count(elements.len());
            for element in &elements {
                writer.string(element);
                let score = words.rng.i32(-3..=8);
                match number {
                    3 => {
                        let text = score.to_string();
                        writer.byte(text.len() as u8);
                        writer.bytes(text.as_bytes());
                    }
                    5 => writer.double(score.into()),
                    _ => writer.string(&words.value()),
                }
            }
        }
        19 => {
            // A stream without nodes, whose entries were deleted, with a group.
            writer.count(0);
            let last_ms = words.rng.u64(..9);
            [0, last_ms, 1, 0, 0, last_ms, 1, 1, 1].into_iter().for_each(|number| writer.length(number));
            writer.string(words.pick(&["g1", "g2"]).as_bytes());
            [words.rng.u64(..9), 0, 1, 0, 0].into_iter().for_each(|number| writer.length(number));
        }
        _ => writer.count(3),
    }
    seal(&mut out, [9, 10, 10, 10, 10, 10, 200][words.rng.usize(..7)]);
    if words.chance(8) {
        // The checksum stands at the end.
        let at = out.len() - words.rng.usize(1..=8);
        out[at] ^= 1;
    }
    out
}
