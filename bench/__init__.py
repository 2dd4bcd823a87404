"""What is measured, against whom. Results with date and machine are in bench/results/."""
