"""The few words that ttsd itself says in place of something, in the languages it knows them in.

Everything else that depends on a language comes from CLDR (see `spoken.py`). A language that is not
here says them in English; each can be replaced by `[[pronounce]]`.
"""

from __future__ import annotations

from functools import lru_cache

from ttsd.frozen import frozen
from ttsd.text.language import nearest


@frozen
class Words:
    """What is said in place of things that are not words."""

    link: str
    email: str
    at: str
    """In an e-mail address that is spelt."""
    dot: str
    code: str
    id: str
    """For a hash or a UUID."""
    ending: str
    """Where a text was cut."""
    skipped: str
    """{count} messages were dropped."""
    to: str
    """Between two numbers: 3-5."""
    minus: str
    failed: str
    """{name} does not work any more."""
    back: str
    """{name} works again."""


# fmt: off
# One line a language: a row is read and corrected as a whole.
_WORDS = {
    "en": Words("link", "e-mail address", "at", "dot", "code", "ID", "and so on", "{count} messages skipped", "to", "minus", "{name} has failed", "{name} works again"),
    "de": Words("Link", "E-Mail-Adresse", "at", "Punkt", "Code", "Kennung", "und so weiter", "{count} Nachrichten übersprungen", "bis", "minus", "{name} ist ausgefallen", "{name} geht wieder"),
    "fr": Words("lien", "adresse e-mail", "arobase", "point", "code", "identifiant", "et ainsi de suite", "{count} messages ignorés", "à", "moins", "{name} est en panne", "{name} fonctionne à nouveau"),
    "es": Words("enlace", "correo electrónico", "arroba", "punto", "código", "identificador", "etcétera", "{count} mensajes omitidos", "a", "menos", "{name} ha fallado", "{name} funciona de nuevo"),
    "pt": Words("link", "e-mail", "arroba", "ponto", "código", "identificador", "e assim por diante", "{count} mensagens puladas", "a", "menos", "{name} falhou", "{name} voltou a funcionar"),
    "it": Words("link", "indirizzo e-mail", "chiocciola", "punto", "codice", "identificativo", "e così via", "{count} messaggi saltati", "a", "meno", "{name} non funziona", "{name} funziona di nuovo"),
    "nl": Words("link", "e-mailadres", "apenstaartje", "punt", "code", "kenmerk", "enzovoort", "{count} berichten overgeslagen", "tot", "min", "{name} is uitgevallen", "{name} werkt weer"),
    "pl": Words("link", "adres e-mail", "małpa", "kropka", "kod", "identyfikator", "i tak dalej", "pominięto wiadomości: {count}", "do", "minus", "{name}: awaria", "{name} znów działa"),
    "cs": Words("odkaz", "e-mailová adresa", "zavináč", "tečka", "kód", "identifikátor", "a tak dále", "přeskočeno zpráv: {count}", "až", "minus", "{name}: výpadek", "{name} opět funguje"),
    "ru": Words("ссылка", "адрес почты", "собака", "точка", "код", "идентификатор", "и так далее", "пропущено сообщений: {count}", "до", "минус", "{name}: сбой", "{name} снова работает"),
    "uk": Words("посилання", "електронна адреса", "равлик", "крапка", "код", "ідентифікатор", "і так далі", "пропущено повідомлень: {count}", "до", "мінус", "{name}: збій", "{name} знову працює"),
    "sv": Words("länk", "e-postadress", "snabel-a", "punkt", "kod", "identifierare", "och så vidare", "{count} meddelanden överhoppade", "till", "minus", "{name} fungerar inte", "{name} fungerar igen"),
    "tr": Words("bağlantı", "e-posta adresi", "et", "nokta", "kod", "kimlik", "ve benzeri", "{count} mesaj atlandı", "ile", "eksi", "{name} çalışmıyor", "{name} yeniden çalışıyor"),
    "ja": Words("リンク", "メールアドレス", "アットマーク", "ドット", "コード", "識別子", "以下省略", "{count}件のメッセージを飛ばしました", "から", "マイナス", "{name}が停止しました", "{name}が復旧しました"),
    "ko": Words("링크", "이메일 주소", "골뱅이", "점", "코드", "식별자", "이하 생략", "메시지 {count}개를 건너뛰었습니다", "에서", "마이너스", "{name}: 오류", "{name}: 복구됨"),
    "zh": Words("链接", "邮箱地址", "艾特", "点", "代码", "标识符", "以下省略", "跳过了{count}条消息", "到", "负", "{name}出现故障", "{name}已恢复"),
}
# fmt: on


@lru_cache(maxsize=64)
def words_of(tag: str) -> Words:
    """The words of a language; English ones if it is not known."""
    return nearest(tag, _WORDS) or _WORDS["en"]


def skipped(count: int, tag: str) -> str:
    """What is said of *count* messages that were dropped."""
    return words_of(tag).skipped.replace("{count}", str(count))
