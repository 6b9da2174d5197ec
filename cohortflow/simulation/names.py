"""Names for people who do not exist: first names by gender, family names, and how they become addresses."""

import unicodedata


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FEMALE = _words(
    """
    Aaliyah Abena Adriana Agnieszka Aiko Alice Amara Amina Ana Ananya Anika Astrid Beatriz Bianca Camila Chiara
    Clara Daniela Deepa Divya Élodie Elif Emilia Esra Eszter Fatima Femke Freya Gabriela Greta Hana Hannah
    Ifeoma Ingrid Isabel Ivana Jana Johanna Kavya Kiran Laila Leonie Ligia Lucía Magda Maite Mei Meera Milena
    Naomi Nasrin Nkechi Oksana Olga Paula Pooja Priya Rasa Renée Ritu Rosa Sanne Shreya Sigrid Sofía Solveig
    Tamar Thanh Uma Vera Wanjiru Yasmin Zanele Zoë
    """
)
MALE = _words(
    """
    Aarav Adewale Ahmed Amit André Anton Arjun Bartosz Bashir Benedikt Björn Carlos Cem Chidi Dawit Devan Diego
    Dmitri Emeka Emre Erik Farid Felix Florian Gaurav Georg Hamza Håkon Henrik Hiroshi Hugo Igor Imran Jakob
    Javier Jonas Joaquín José Kenji Kofi Lars Leif Lorenzo Luca Łukasz Mahmoud Marek Marlon Mateo Matthias Mihai
    Mohan Nikhil Niklas Omar Oskar Pablo Pavel Rahul Rafael Ravi Rohan Samuel Sanjay Sebastião Stefan Suresh
    Tariq Tobias Tomasz Vikram Vuk Wojciech Yusuf Zoltán
    """
)
NEUTRAL = _words("Alex Ari Charlie Eden Jamie Kai Kim Lou Micah Noor Quinn Robin Sage Sam Sasha Sky")

# Null is a real family name; so is O'Dara's apostrophe. Both have broken enough software to be worth carrying.
FAMILY = _words(
    """
    Abara Achterberg Adeyemi Agarwal Albrecht Almeida Andersson Aziz Bakker Balogun Banerjee Bauer Becker Bhatt
    Bianchi Brandt Buchholz Calderón Castillo Chandra Chavan Chen Çelik Cohen Contreras D'Amato Das Delgado
    Deshpande Diallo Dietrich Dubois Eriksen Farouk Fernández Fischer Fontaine Frank Friedrich Gallo García
    Ghosh Gonçalves Graf Gupta Haddad Hartmann Hernández Hoffmann Horvat Huang Iyer Jansen Joshi Kamau Kapoor
    Kaur Keller Khan Kiplagat Kowalski Kraus Krüger Kulkarni Kumar Larsen Lehmann Lindgren Lindqvist Lorenz
    Machado Mahlangu Martínez Mazur Mbeki Mehta Menon Meyer Moreau Müller Mukherjee Nair Nakamura Navarro
    Neumann Novák Null Núñez O'Dara Ochieng Okafor Okonkwo Oliveira Ortega Osei Öztürk Patel Patil Peña Petrov
    Pillai Popescu Quispe Rahman Ramírez Rao Reddy Richter Rivera Rossi Ruiz Saito Salazar Santos Sato Schäfer
    Schmitt Schröder Schwarz Shah Sharma Silva Singh Sørensen Szabó Tanaka Thapa Torres Vasquez Vogel Wagner
    Walsh Weber Weiß Winkler Yılmaz Zając Ziegler Zimmermann
    """
)

_LETTERS_WITHOUT_ACCENT = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa", "ł": "l", "ı": "i", "đ": "d", "æ": "ae"}
)


def mailbox(name: str) -> str:
    """The part of an address before the @: `Zoë O'Dara` becomes `zoe.odara`."""
    spelled = name.lower().translate(_LETTERS_WITHOUT_ACCENT)
    plain = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    return ".".join("".join(letter for letter in word if letter.isalnum()) for word in plain.split())
