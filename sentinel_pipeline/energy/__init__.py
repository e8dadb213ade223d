"""What energy costs: tariffs, the price of each quarter-hour, and the bill."""
