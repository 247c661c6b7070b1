"""Turns what tmux captured of a terminal, with its colours, into an SVG: python3 tosvg.py < capture > picture.svg"""

import html
import re
import sys

CELL, LINE, MARGIN = 8.4, 18, 14  # pixels of a column and a line of 14px type, and around the screen
INK, PAPER = "#d0d7de", "#0d1117"


def indexed(n):
    """Returns a colour of the palette of 256, as xterm has it."""
    if n < 16:
        base = ["000000", "cd3131", "0dbc79", "e5e510", "2472c8", "bc3fbc", "11a8cd", "e5e5e5", "666666", "f14c4c", "23d18b", "f5f543", "3b8eea", "d670d6", "29b8db", "ffffff"]
        return "#" + base[n]
    if n >= 232:
        return "#" + "%02x" % (8 + 10 * (n - 232)) * 3
    steps = [0, 95, 135, 175, 215, 255]
    n -= 16
    return "#%02x%02x%02x" % (steps[n // 36], steps[n // 6 % 6], steps[n % 6])


class Look:
    """How cells look from here on."""

    def __init__(self):
        self.ink, self.bold, self.reverse = INK, False, False

    def take(self, codes):
        codes = [int(c or 0) for c in codes.split(";")]
        while codes:
            c = codes.pop(0)
            if c == 0:
                self.__init__()
            elif c == 1:
                self.bold = True
            elif c == 7:
                self.reverse = True
            elif c == 22:
                self.bold = False
            elif c == 27:
                self.reverse = False
            elif c == 39:
                self.ink = INK
            elif c == 38 and codes[:1] == [2]:
                self.ink = "#%02x%02x%02x" % tuple(codes[1:4])
                codes = codes[4:]
            elif c == 38 and codes[:1] == [5]:
                self.ink, codes = indexed(codes[1]), codes[2:]
            elif 30 <= c <= 37 or 90 <= c <= 97:
                self.ink = indexed(c - 30 if c < 90 else c - 82)


def runs(line, look):
    """Yields stretches of a line that look alike: column, text, ink, paper, bold."""
    column = 0
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b"):
            look.take(part[2:-1])
        elif part:
            ink, paper = (PAPER, look.ink) if look.reverse else (look.ink, None)
            yield column, part, ink, paper, look.bold
            column += len(part)


DOTS = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]  # column and row of a braille sign's bits
BLOCKS = {"█": (0, 1, 1), "▄": (0.5, 0.5, 1), "░": (0, 1, 0.25), "▒": (0, 1, 0.5), "▓": (0, 1, 0.75)}  # where it begins, how high, how opaque


def drawn(text, x, y, ink):
    """Draws the signs that fonts lack, or that do not meet in them, and returns the text with spaces in their place."""
    dots, rest = "", ""
    for i, sign in enumerate(text):
        left = x + i * CELL
        if 0x2800 <= ord(sign) < 0x2900:
            for bit, (column, row) in enumerate(DOTS):
                if (ord(sign) - 0x2800) >> bit & 1:
                    dots += f"M{left + 1 + column * CELL / 2:.1f} {y + 1 + row * LINE / 4:.1f}h2.4v2.6h-2.4z"
        elif sign in BLOCKS:
            top, high, opaque = BLOCKS[sign]
            print(f'<rect x="{left:.1f}" y="{y + top * LINE:g}" width="{CELL}" height="{high * LINE:g}" fill="{ink}" fill-opacity="{opaque}"/>')
        else:
            rest += sign
            continue
        rest += " "
    if dots:
        print(f'<path d="{dots}" fill="{ink}"/>')
    return rest


def main():
    lines = sys.stdin.read().replace("\x0e", "").replace("\x0f", "").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", l) for l in lines]
    width, height = max(map(len, plain)) * CELL + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" role="img">')
    print(f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>')
    print('<g font-family="ui-monospace, SFMono-Regular, Menlo, \'DejaVu Sans Mono\', Consolas, monospace" font-size="14" xml:space="preserve">')
    look = Look()
    for row, line in enumerate(lines):
        y = MARGIN + row * LINE
        for column, text, ink, paper, bold in runs(line, look):
            x, w = MARGIN + column * CELL, len(text) * CELL
            if paper:
                print(f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{LINE}" fill="{paper}"/>')
            text = drawn(text, x, y, ink)
            weight = ' font-weight="bold"' if bold else ""
            for word in re.finditer(r"\S+(?: \S+)*", text):  # each is as wide as its columns, whatever the font
                print(f'<text x="{x + word.start() * CELL:g}" y="{y + 14:g}" fill="{ink}"{weight} textLength="{len(word[0]) * CELL:g}" '
                      f'lengthAdjust="spacingAndGlyphs">{html.escape(word[0])}</text>')
    print("</g>\n</svg>")


main()
