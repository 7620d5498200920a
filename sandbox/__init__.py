"""A whole company in a box: five real servers on loopback, with known truth about its people."""
