/** What is searched: a dozen answers of a shop's help desk. */
export default [
  "Orders leave our warehouse within one working day.",
  "Parcels within the country arrive after two to three days.",
  "You may send anything back within thirty days of buying it.",
  "Refunds are paid to the card that you paid with.",
  "Every bicycle has a guarantee of five years on its frame.",
  "A flat tyre is mended while you wait, without an appointment.",
  "The shop is open from nine to six, and closed on Sundays.",
  "To change your password, follow the link in our e-mail.",
  "Gift cards can be bought for any amount and never expire.",
  "Helmets should be replaced after a fall, even if they look fine.",
  "Electric bicycles charge fully in about four hours.",
  "We buy used bicycles that are less than ten years old.",
];
