"""What Turkish people, companies, streets and goods are called here. All made up."""

# ruff: noqa: SIM905 - long word lists are read and edited as prose

from __future__ import annotations

WOMEN = """Ayşe Fatma Zeynep Elif Hatice Emine Meryem Şerife Gülsüm Çiğdem Işıl Iraz İpek İrem
Özlem Özge Ümran Ülkü Sıla Şule Şeyma Tuğba Büşra Kübra Nurgül Gönül Songül Yıldız Defne Derya
Deniz Ebru Esra Filiz Feride Gizem Hülya Leyla Melike Merve Müge Nazlı Nermin Nilüfer Pınar
Rabia Reyhan Saniye Selin Serpil Sevgi Sibel Suna Türkan Vildan Yasemin Zehra Züleyha""".split()
MEN = """Ahmet Mehmet Mustafa Ali Hüseyin Hasan İbrahim İsmail İlker Işık Ilgaz Ömer Özgür Ümit
Çağrı Çetin Şükrü Şahin Oğuz Uğur Tuğrul Yiğit Barış Batuhan Berk Bülent Burak Can Cem Cemal
Doğan Emre Ercan Erdem Erkan Ferhat Fatih Gökhan Halil Hakan Kadir Kemal Kerem Levent Mert
Metin Murat Necati Onur Orhan Osman Recep Rıza Sait Serkan Sinan Tarık Tolga Volkan Yavuz
Yusuf Zeki""".split()
SECOND = "Nur Can Ali Su Naz Gül Eren Efe Ece Han Kaan Deniz Cemre Işık İnci Mert Sena".split()
SURNAMES = """Yılmaz Kaya Demir Şahin Çelik Yıldız Yıldırım Öztürk Aydın Özdemir Arslan Doğan
Kılıç Aslan Çetin Kara Koç Kurt Özkan Şimşek Polat Korkmaz Çakır Erdoğan Acar Güneş Aktaş Tekin
Bulut Güler Keskin Işık Irmak İnan İpekçi Karaca Sarı Turan Ünal Ünlü Uçar Uysal Üstün Ağaoğlu
Başaran Bozkurt Coşkun Çınar Dağdelen Ekinci Eroğlu Gökçe Gündüz Güngör Hacıoğlu Ilıca Karadağ
Karakuş Kocabaş Köse Kuzucu Mutlu Oral Öcal Özbek Parlak Sağlam Sezer Soylu Sönmez Şen Taşkın
Toprak Tuncer Türkoğlu Uğurlu Uzun Ülker Varol Yalçın Yavuzer Yetkin Yiğitoğlu Zengin Ziyalı
Gözübüyük Beşiktepe Çiftçioğlu Dündar Ergün Fındıkçı Gürbüz Hızlı""".split()
BRANDS = """Yıldız Anadolu Ege Marmara Güven Öz Işık Doğuş Çağdaş Şafak İpek Kuzey Güney Batı
Doğu Bereket Emek Umut Ufuk Deniz Akdeniz Toros Uludağ Kapadokya Sakarya Fırat Dicle Çınar
Ihlamur Zirve Boğaziçi Altın Gümüş Lale Karanfil Çamlıca Gökçe Bizim Yeni Büyük""".split()
TRADES = """Tekstil Gıda İnşaat Otomotiv Mobilya Kırtasiye Elektrik Makine Ambalaj Matbaa Turizm
Lojistik Kimya Plastik Tarım Isıtma Yapı Bilişim Züccaciye Hırdavat""".split()
FORMS = ("A.Ş.", "Ltd. Şti.", "San. ve Tic. Ltd. Şti.", "San. ve Tic. A.Ş.", "Tic. Ltd. Şti.")
LONG_FORMS = {
    "A.Ş.": "Anonim Şirketi",
    "Ltd. Şti.": "Limited Şirketi",
    "San. ve Tic. Ltd. Şti.": "Sanayi ve Ticaret Limited Şirketi",
    "San. ve Tic. A.Ş.": "Sanayi ve Ticaret Anonim Şirketi",
    "Tic. Ltd. Şti.": "Ticaret Limited Şirketi",
}
QUARTERS = """Cumhuriyet Atatürk Yeni Bahçelievler Fatih Yıldıztepe Çamlık Güzelyalı İstasyon
Hürriyet Zafer İnönü Karşıyaka Kültür Barbaros Gülbahçe Işıklar Örnek Şirinevler Yeşilova""".split()
STREETS = """Lale Gül Menekşe Papatya Çınar Akasya Ihlamur Sümbül Zambak Karanfil Okul Çarşı Pazar
Değirmen Köprü Çeşme Bağlar Dere Tepe Deniz Şehitler Öğretmenler Gazi İstiklal Mimar""".split()
CITIES = {
    "İstanbul": "34",
    "Ankara": "06",
    "İzmir": "35",
    "Bursa": "16",
    "Antalya": "07",
    "Adana": "01",
    "Konya": "42",
    "Gaziantep": "27",
    "Şanlıurfa": "63",
    "Kocaeli": "41",
    "Mersin": "33",
    "Diyarbakır": "21",
    "Hatay": "31",
    "Manisa": "45",
    "Kayseri": "38",
    "Samsun": "55",
    "Balıkesir": "10",
    "Eskişehir": "26",
    "Çanakkale": "17",
    "Muğla": "48",
    "Iğdır": "76",
    "Ağrı": "04",
}
THINGS = """Çay Fıstık Bulgur Zeytinyağı Havlu Halı Kilim Bardak Tencere Çanta Gömlek Şal Sabun
Lokum Kahve İplik""".split()
SIZES = ("küçük", "orta", "büyük")
GOODS = [
    (f"SKU-{place * 10 + size:03}", f"{thing} {word}")
    for place, thing in enumerate(THINGS, 1)
    for size, word in enumerate(SIZES, 1)
]
PERSONAL_DOMAINS = ("example.com", "example.org", "example.net", "posta.example", "eposta.test")

FOLD = str.maketrans("çğıöşüâîÇĞİIÖŞÜ", "cgiosuaiCGIIOSU")


def folded(text: str) -> str:
    """Without Turkish letters, as foreign software and hasty people write: Işıl -> Isil."""
    return text.translate(FOLD)


def upper(text: str) -> str:
    """İbrahim Işık -> İBRAHİM IŞIK: i and ı have capitals of their own."""
    return text.replace("i", "İ").upper()


def slug(text: str) -> str:
    """For the local part and the domain of an address: letters, digits and dots."""
    plain = folded(text).lower().replace(" ", ".")
    return "".join(letter for letter in plain if letter.isalnum() or letter == ".").strip(".")
