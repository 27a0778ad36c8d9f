"""Abbreviations written out, by language. Pure.

Only those that mean one thing: `St.` and `ft.` stay as they are. A dot that also ends a sentence stays.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ttsd.text.language import nearest

_TABLES = {
    "en": """Mr.=Mister Mrs.=Missus Dr.=Doctor Prof.=Professor Jr.=Junior Sr.=Senior vs.=versus vs=versus
        e.g.=for_example i.e.=that_is etc.=et_cetera approx.=approximately a.k.a.=also_known_as aka=also_known_as
        w/o=without w/=with Inc.=Incorporated Ltd.=Limited Corp.=Corporation Dept.=Department dept.=department
        Gen.=General Col.=Colonel Lt.=Lieutenant Sgt.=Sergeant Capt.=Captain Rev.=Reverend Hon.=Honorable
        Jan.=January Feb.=February Aug.=August Sept.=September Oct.=October Nov.=November Dec.=December
        No.#=number no.#=number Fig.#=figure fig.#=figure vol.#=volume Vol.#=volume pp.#=pages p.#=page""",
    "de": """z._B.=zum_Beispiel d._h.=das_heißt u._a.=unter_anderem usw.=und_so_weiter bzw.=beziehungsweise
        ca.=circa Dr.=Doktor Prof.=Professor Hr.=Herr Nr.=Nummer Str.=Straße str.=straße inkl.=inklusive
        exkl.=exklusive evtl.=eventuell ggf.=gegebenenfalls Mio.=Millionen Mrd.=Milliarden Tsd.=Tausend
        bspw.=beispielsweise u._U.=unter_Umständen i._d._R.=in_der_Regel vgl.=vergleiche geb.=geboren
        o._ä.=oder_ähnlich v._a.=vor_allem zzt.=zurzeit z._T.=zum_Teil u._v._m.=und_vieles_mehr St.=Sankt
        etc.=et_cetera Tel.=Telefon S.#=Seite Abs.#=Absatz Art.#=Artikel Kap.#=Kapitel Bd.#=Band""",
    "fr": """Mme=Madame Mlle=Mademoiselle MM.=Messieurs Dr=Docteur Pr=Professeur p._ex.=par_exemple
        c.-à-d.=c'est-à-dire etc.=et_cetera env.=environ n°=numéro N°=numéro bd=boulevard Bd=Boulevard
        M.^=Monsieur p.#=page chap.#=chapitre""",
    "es": """Sr.=señor Sra.=señora Srta.=señorita Dr.=doctor Dra.=doctora p._ej.=por_ejemplo etc.=etcétera
        EE._UU.=Estados_Unidos Ud.=usted Uds.=ustedes n.º=número núm.=número aprox.=aproximadamente
        pág.#=página cap.#=capítulo Avda.=avenida""",
    "it": """Sig.=signor Sig.ra=signora Sig.na=signorina Dott.=dottor Dott.ssa=dottoressa Prof.=professor
        ecc.=eccetera p._es.=per_esempio ad_es.=ad_esempio n.#=numero pag.#=pagina cap.#=capitolo""",
    "pt": """Sr.=senhor Sra.=senhora Dr.=doutor Dra.=doutora p._ex.=por_exemplo etc.=etcétera n.º=número
        nº=número aprox.=aproximadamente pág.#=página cap.#=capítulo Av.=avenida""",
    "nl": """dhr.=de_heer mevr.=mevrouw dr.=dokter prof.=professor bijv.=bijvoorbeeld d.w.z.=dat_wil_zeggen
        enz.=enzovoort o.a.=onder_andere m.a.w.=met_andere_woorden nr.=nummer ca.=circa mln.=miljoen
        mld.=miljard t.o.v.=ten_opzichte_van i.p.v.=in_plaats_van""",
    "pl": """np.=na_przykład itd.=i_tak_dalej itp.=i_tym_podobne tj.=to_jest tzn.=to_znaczy m._in.=między_innymi
        ul.=ulica prof.=profesor ok.#=około nr=numer""",
    "cs": "např.=například atd.=a_tak_dále apod.=a_podobně tj.=to_jest tzv.=takzvaný tzn.=to_znamená č.#=číslo",
    "sv": """t.ex.=till_exempel t._ex.=till_exempel bl.a.=bland_annat osv.=och_så_vidare dvs.=det_vill_säga
        m.m.=med_mera kl.#=klockan""",
    "ru": """т._е.=то_есть т._д.=так_далее т._п.=тому_подобное руб.=рублей тыс.=тысяч млн=миллионов
        млрд=миллиардов ул.^=улица др.=другие напр.=например""",
}
"""short=long: `_` is a space that may be missing, `#` needs a number behind it, `^` a capital."""
_MAY_END = frozenset(
    {"etc.", "usw.", "ecc.", "enz.", "itd.", "itp.", "atd.", "apod.", "osv.", "m.m.", "Inc.", "Ltd.", "Jr."}
)


def expanded(text: str, tag: str) -> str:
    """The text with the language's abbreviations written out."""
    table = _table(tag)
    if table is None or not table.may_be_in(text):
        return text
    return table.pattern.sub(table.long_form, text)


def unfinished(text: str, tag: str) -> bool:
    """Whether *text* ends with an abbreviation that does not end a sentence."""
    table = _table(tag)
    return table is not None and text.endswith(".") and table.ends_within(text)


class _Table:
    """One language's abbreviations."""

    def __init__(self, text: str) -> None:
        self._long: dict[str, str] = {}
        alternatives = []
        for entry in text.split():
            short, long = entry.split("=")
            written, condition = short.rstrip("#^"), short[-1]
            behind = {"#": r"(?=\s?\d)", "^": r"(?=\s[^\W\d_a-z])"}.get(condition, r"(?!\w)")
            alternatives.append((len(written), re.escape(written).replace("_", "[ \u00a0\u202f]?") + behind))
            self._long[written.replace("_", "")] = long.replace("_", " ")
        alternatives.sort(reverse=True)
        self.pattern = re.compile(rf"(?<![\w.])(?:{'|'.join(one for _, one in alternatives)})")
        self._dotless = tuple(short for short in self._long if "." not in short)
        self._last = tuple(short for short in self._long if short.endswith("."))

    def may_be_in(self, text: str) -> bool:
        """Cheap: most texts have no dot but the last, and that ends a sentence."""
        if "." in text[:-1] or text.endswith(self._last):
            return True
        return any(short in text for short in self._dotless)

    def ends_within(self, text: str) -> bool:
        """Whether the text's last word is one that others follow."""
        match = re.search(r"(?<![\w.])[\w.]{1,6}(?:\s[\w.]{1,6}){0,2}$", text[-24:])
        words = match[0].split() if match else []
        return any(
            short in self._long and short not in _MAY_END
            for short in ("".join(words[first:]) for first in range(len(words)))
        )

    def long_form(self, match: re.Match[str]) -> str:
        short = re.sub(r"\s", "", match[0])
        long = self._long[short]
        behind = match.string[match.end() : match.end() + 2]
        ends = short in _MAY_END and (not behind.strip() or (behind[0] == " " and behind[1:].isupper()))
        return f"{long}." if ends else long


@lru_cache(maxsize=64)
def _table(tag: str) -> _Table | None:
    text = nearest(tag, _TABLES)
    return None if text is None else _Table(text)
