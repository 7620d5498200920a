"""Drills: the product's own pulls at full size, killed again and again, then counted; every step
after a pull killed at each failpoint (`crash`); and a real BI server on what is served.

    make drill                       all of them
    make drill ONLY=contacts SIZE=50000 KILLS=3

Not part of `make test`: they take minutes to hours. The systems are lean servers in a process of
their own whose rows follow from their numbers, so that nobody has to keep millions of them.
"""
