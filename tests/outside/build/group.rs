//! A group: one reader and the writers of what it reads.

use rand::rngs::StdRng;

use crate::reader::Reader;
use crate::writer;

pub(crate) fn write(number: u32, rng: &mut StdRng) -> String {
    let reader = Reader::draw(number, rng);
    let writers: Vec<writer::Writer> = (0..3).map(|which| writer::draw(&reader, which, rng)).collect();
    let items: Vec<&str> = writers.iter().map(|writer| writer.item.as_str()).collect();
    let entries: Vec<&str> = writers.iter().map(|writer| writer.entry.as_str()).collect();
    let reader_item = reader.item();
    format!(
        "pub(crate) mod g{number} {{
            use super::*;
            {reader_item}
            {}
            pub(crate) fn group(cache: &Cache) -> Group {{
                let _ = cache;
                Group {{ number: {number}, text: {reader_item:?}, spec: {}, read: {}, writers: vec![{}] }}
            }}
        }}\n",
        items.join("\n"),
        reader.spec(),
        reader.call(),
        entries.join(", "),
    )
}
