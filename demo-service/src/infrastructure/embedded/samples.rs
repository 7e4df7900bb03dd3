//! The sample catalogue.

use std::time::Duration;

use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::domain::{Draft, Product, ProductId};

/// The creation time of the first sample, 1 June 2025, 08:00 UTC. The others follow six hours apart.
const OPENING: Timestamp = Timestamp::constant(1_748_764_800, 0);
const BETWEEN: Duration = Duration::from_secs(6 * 60 * 60);
/// The first bytes of every sample's id; the last is its number, from 1.
const ID_PREFIX: [u8; 11] = [0x68, 0x3c, 0x0a, 0x40, 0x6a, 0x6f, 0x6c, 0x6c, 0x79, 0x00, 0x00];

/// Name, description, price in hundredths, stock, category, picture.
type Sample = (&'static str, &'static str, i64, i64, &'static str, &'static str);

/// The samples that are not on sale, by number.
const INACTIVE: [u8; 2] = [9, 26];
/// The samples on the wish list, by number.
const WISHED: [u8; 4] = [3, 11, 17, 24];

#[rustfmt::skip]
const SAMPLES: [Sample; 30] = [
    ("Lisbon to New York, one way", "Direct, 8 h 10 min, one cabin bag and a meal included.", 38_900, 24, "Flights", "lisbon-new-york"),
    ("Berlin to Reykjavik, return", "Evening departure with time for the northern lights; 23 kg of luggage.", 21_450, 18, "Flights", "berlin-reykjavik"),
    ("Tokyo cherry blossom flight", "Return from Frankfurt to Haneda in the last week of March.", 96_900, 9, "Flights", "tokyo-blossom"),
    ("Madrid to Buenos Aires, premium economy", "Overnight, lie-back seat and lounge access in Barajas.", 118_000, 6, "Flights", "madrid-buenos-aires"),
    ("Island hopper pass, Azores", "Five short flights between the islands within 14 days.", 27_999, 40, "Flights", "azores-pass"),
    ("London to Cape Town, return", "Direct both ways, window seats while they last.", 74_250, 12, "Flights", "cape-town"),
    ("Weekend shuttle Vienna to Split", "Out on Friday afternoon, back on Sunday night.", 12_990, 31, "Flights", "vienna-split"),
    ("Singapore stopover fare", "Any European city to Sydney, with two nights in Singapore on the way.", 134_500, 7, "Flights", "singapore-stopover"),
    ("Summer charter to Rhodes", "Seasonal charter from Hamburg; ended for this year.", 15_900, 0, "Flights", "rhodes-charter"),
    ("Seven nights on Santorini", "Caldera view, breakfast on the terrace, transfer from the port.", 149_900, 5, "Holidays", "santorini"),
    ("Kyoto temples and gardens", "Ten days with a guide, ryokan nights and a tea ceremony.", 289_000, 8, "Holidays", "kyoto"),
    ("Lofoten cabin week", "A fisherman's cabin for four, with a rowing boat.", 112_000, 4, "Holidays", "lofoten"),
    ("Marrakesh long weekend", "Riad in the medina, hammam, and a cooking class.", 43_500, 22, "Holidays", "marrakesh"),
    ("Patagonia on foot", "Twelve days in Torres del Paine, mountain huts and full board.", 342_500, 3, "Holidays", "patagonia"),
    ("Family beach fortnight, Algarve", "Apartment for five, 200 m from the beach, cot on request.", 168_000, 11, "Holidays", "algarve"),
    ("Train journey through the Alps", "Glacier line, four hotels, luggage sent ahead.", 129_950, 14, "Holidays", "alps-train"),
    ("Diving in the Red Sea", "A week on the boat, 18 dives, nitrox free of charge.", 98_700, 10, "Holidays", "red-sea"),
    ("City break Copenhagen", "Two nights by the harbour, bicycle included.", 36_900, 27, "Holidays", "copenhagen"),
    ("Safari in Tarangire", "Six days, small lodges, at most six guests a car.", 264_000, 2, "Holidays", "tarangire"),
    ("Wellness days in Merano", "Spa hotel, half board, and a walk with llamas.", 58_400, 16, "Holidays", "merano"),
    ("Cabin suitcase Aero 38", "38 litres, 2.3 kg, fits every European airline.", 14_900, 120, "Travel gear", "aero-38"),
    ("Trekking backpack Ridge 55", "55 litres, adjustable back, rain cover in the lid.", 18_995, 64, "Travel gear", "ridge-55"),
    ("Noise-cancelling headphones Hush", "30 hours, folds flat, adapter for seat sockets.", 22_900, 75, "Travel gear", "hush"),
    ("Down travel pillow", "Packs to the size of a fist.", 3_450, 210, "Travel gear", "pillow"),
    ("World adapter with two USB-C", "Four plugs, 45 W, a fuse to spare.", 3_999, 340, "Travel gear", "adapter"),
    ("Packing cubes, first edition", "Set of five; replaced by the light edition.", 2_450, 0, "Travel gear", "cubes-first"),
    ("Packing cubes, light edition", "Set of five, 180 g in all, see-through lids.", 2_990, 185, "Travel gear", "cubes-light"),
    ("Water filter bottle", "Filters 1,000 litres; 100% free of plasticisers.", 4_275, 98, "Travel gear", "filter-bottle"),
    ("Merino travel shirt", "Dries overnight, five colours.", 6_900, 150, "Travel gear", "merino-shirt"),
    ("Luggage scale Gram", "Up to 50 kg, reads in steps of 10 g.", 1_249, 260, "Travel gear", "scale"),
];

/// The samples as products, always with the same ids and times.
pub(super) fn products() -> impl Iterator<Item = Product> {
    (1..).zip(&SAMPLES).filter_map(|(number, sample)| {
        let mut id = [0; 12];
        id[..11].copy_from_slice(&ID_PREFIX);
        id[11] = number;
        let created_at = OPENING.checked_add(BETWEEN * u32::from(number)).ok()?;
        Product::create(ProductId::from_bytes(id), draft(number, sample), created_at).ok()
    })
}

fn draft(number: u8, &(name, description, hundredths, stock, category, picture): &Sample) -> Draft {
    Draft {
        name: name.to_owned(),
        description: description.to_owned(),
        price: Decimal::new(hundredths, 2),
        stock,
        category: category.to_owned(),
        images: vec![format!("https://images.jollyjet.example/{picture}.jpg")],
        is_active: !INACTIVE.contains(&number),
        is_wishlist_status: WISHED.contains(&number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_a_valid_product_of_its_own() {
        let products: Vec<Product> = products().collect();
        assert_eq!(products.len(), SAMPLES.len());
        let ids: std::collections::BTreeSet<_> = products.iter().map(|product| &product.id).collect();
        assert_eq!(ids.len(), SAMPLES.len());
        assert_eq!(products[0].id.as_str(), "683c0a406a6f6c6c79000001");
    }
}
