"""A text to shorten, and passages to rank for a query; made up for these tests."""

SENTENCES = [
    "The harbour of Port Ellis was closed for a third day on Tuesday because of thick fog.",
    "Forty-two ships are waiting outside the bay, among them two tankers and a hospital ship.",
    "The harbour master, Dr. Ruth Ama, said that visibility had fallen below fifty metres.",
    "Pilots refuse to board any vessel until it rises above four hundred.",
    "In the market, traders complained that fresh fruit had not arrived since Saturday.",
    'One of them, a seller of lemons, said: "We have sold our last crate."',
    "The price of bread has not changed.",
    "A school choir sang on the quay to pass the time.",
    "Meteorologists expect the fog to lift on Thursday, when wind from the north arrives.",
    "The last closure of such a length was in 1987, when the harbour stood still for a week.",
    "Ferries to the islands run again as soon as the harbour opens, the company promised.",
    "Passengers may use their tickets on any day of this month.",
]
QUERY = "How long can a cat live without water?"
PASSAGES = [
    "Cats were worshipped in ancient Egypt, where statues of them are found in many tombs.",
    "Without drinking, a cat survives for about three days before its kidneys fail.",
    "The central bank left its interest rate unchanged for the fourth time.",
    "Solar panels lose about half a percent of their output every year.",
]
