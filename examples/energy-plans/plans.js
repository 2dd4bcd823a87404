/** A sample catalogue: suppliers and plans are made up. `rate` in $/kWh, fees in $. */

export const PLANS = [
  row("Sample Power", "Steady 12", 0.112, 4.95, 12, 22, 150, false),
  row("Sample Power", "Steady 24", 0.104, 4.95, 24, 22, 240, false),
  row("Sample Power", "Loose", 0.131, 0, 1, 22, 0, true),
  row("Example Wind", "All Wind 12", 0.119, 7.5, 12, 100, 120, false),
  row("Example Wind", "All Wind 36", 0.109, 7.5, 36, 100, 295, false),
  row("Example Wind", "Breeze", 0.138, 0, 1, 100, 0, true),
  row("Placeholder Energy", "Saver 6", 0.117, 9.95, 6, 10, 75, false),
  row("Placeholder Energy", "Saver 18", 0.1, 12.95, 18, 10, 200, false),
  row("Placeholder Energy", "Sun 12", 0.123, 3, 12, 80, 135, false),
  row("Demo Electric", "Plain", 0.115, 0, 12, 35, 175, false),
  row("Demo Electric", "Plain Monthly", 0.134, 0, 1, 35, 0, true),
  row("Demo Electric", "Long", 0.097, 5, 36, 5, 300, false),
];

function row(supplier, name, rate, monthlyFee, months, renewable, exitFee, variable) {
  return { supplier, name, rate, monthlyFee, months, renewable, exitFee, variable };
}
