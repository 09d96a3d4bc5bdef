# SPDX-License-Identifier: MIT
"""People who do not exist, and whose data must never be in a log.

Person(n) is always the same. Phone numbers are the fictional 555-01xx of real
area codes; e-mail addresses are under example.com.
"""

AREAS = (212, 310, 312, 415, 512, 602, 617, 702, 718, 808, 206, 214, 303, 305,
         404, 407, 412, 503, 504, 513, 609, 612, 614, 619, 703, 713, 801, 816,
         901, 919, 210, 216, 239, 251, 253, 281, 316, 317, 321, 334, 352, 402,
         405, 413, 419, 425, 480, 502, 509, 515, 518, 520, 541, 559, 585, 603,
         615, 623, 626, 661, 704, 714, 720, 727, 757, 763, 770, 775, 805, 813)
FIRST = ("Ottoline", "Caradoc", "Zdenka", "Ignatius", "Philippa", "Evander",
         "Marisol", "Thaddeus", "Seraphina", "Lysander")


def letters(n):
    """0 -> "a", 25 -> "z", 26 -> "ba": a number a name may hold."""
    text = ""
    while True:
        text = chr(ord("a") + n % 26) + text
        n //= 26
        if n == 0:
            return text


class Person:
    met = []  # everyone a test has used: the logs are searched for them

    def __init__(self, n):
        self.n = n
        self.first = FIRST[n % len(FIRST)]
        self.last = "Quillfeather" + letters(n)
        self.name = f"{self.first} {self.last}"
        self.email = f"{self.first}.{self.last}@example.com".lower()
        self.phone = None
        self.phone_as_typed = None
        if n < 100 * len(AREAS):
            area, line = AREAS[n // 100], n % 100
            self.phone = f"+1{area}55501{line:02}"
            self.phone_as_typed = f"({area}) 555-01{line:02}"
        Person.met.append(self)

    def traces(self):
        """What betrays this person in a text."""
        found = [self.last, self.email]
        if self.phone:
            found += [self.phone, self.phone[1:], self.phone[2:],
                      self.phone_as_typed]
        return found


def found_in(text):
    """The traces of anyone met so far that are in the text."""
    if "quillfeather" not in text.lower() and "555" not in text:
        return []
    return [trace for person in Person.met for trace in person.traces()
            if trace in text]
