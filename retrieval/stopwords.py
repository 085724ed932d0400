"""Function words of each language: what tells languages apart and what says nothing about a question's subject.

Closed classes only (articles, pronouns, prepositions, conjunctions, auxiliaries, question words), casefolded.
"""

from __future__ import annotations

import re
from functools import cache

_WORDS = {
    "en": """a about above after again against all also am among an and any are aren't as at be because been
        before being below between both but by can can't cannot could couldn't did didn't do does
        doesn't doing don't down during each few for from further had hadn't has hasn't have haven't
        having he her here hers herself him himself his how i if in into is isn't it it's its itself
        just let many me more most much must my myself no nor not of off on once only or other our ours
        out over own same shall she should so some such than that that's the their theirs them themselves then
        there these they this those through to too under until up upon very was wasn't we were weren't
        what when where which while who whom whose why will with within without won't would you your
        yours yourself""",
    "de": """ab aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin bis
        bist da damit dann das dass dein deine dem den denn der des dessen deren die dies diese diesem
        diesen dieser dieses doch dort du durch ein eine einem einen einer eines er es etwas euch für
        gegen hab habe haben hat hatte hatten hier hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer
        im in ins ist ja jede jedem jeden jeder jedes kann kein keine keinem keinen können könnte man
        mehr mein meine mich mir mit muss nach nicht noch nun nur ob oder ohne sehr sein seine seinem
        seinen seiner seit sich sie sind so sollte sondern über um und uns unser unter vom von vor wann
        war waren warum was weil welche welchem welchen welcher welches wenn wer werde werden wem wen
        wessen wie wieder wird wir wo wurde wurden würde zu zum zur zwischen""",
    "fr": """à afin ai ainsi alors après au aucun aussi autre aux avant avec avoir c'est ce ceci cela celle
        celles celui ces cet cette ceux chaque chez comme comment dans de depuis des donc dont du elle
        elles en encore entre est et étaient était étant été être eu eux fait font hors ici il ils j'ai
        je la laquelle le lequel les lesquels leur leurs lors lui ma mais me même mes moi moins mon ne
        ni nos notre nous on ont ou où par parce pas pendant peu peut plus pour pourquoi qu'il quand que
        quel quelle quelles quels qui quoi sa sans se sera ses si soi son sont sous sur ta te tes toi
        ton tous tout toute toutes très tu un une vers votre vos vous y""",
    "es": """a al algo algunas algunos ante antes aquel aquella así aún aunque bajo cada como cómo con contra
        cual cuál cuales cuáles cuando cuándo cuanto cuánto cuántos cuya cuyo de del desde donde dónde
        durante e el él ella ellas ellos en entre era eran es esa ese eso esta está están estas este
        esto estos fue fueron ha había han hasta hay la las le les lo los más me mi mientras muy nada ni
        no nos nosotros o otra otras otro otros para pero poco por porque qué que quien quién quienes se
        sea según ser si sí sido sin sobre son su sus también tan te tiene tienen todo todos tu un una
        uno unos y ya yo""",
    "it": """a ad agli ai al alla alle allo anche ancora avere c'è che chi ci ciò come con contro cosa cui da
        dagli dai dal dalla dalle de degli dei del della delle dello di dopo dov'è dove due e è ed era
        erano essere fa fra fu gli ha hanno i il in io la le lei li lo loro lui ma mi mia mio nei nel
        nella nelle nello noi non nostra nostro o ogni per perché più poi prima qual quale quali quando
        quanti quanto quella quelle quelli quello questa queste questi questo se sei senza si sia sono
        su sua sue sugli sui sul sulla sulle suo suoi tra tu tutti tutto un una uno vi voi""",
    "pt": """a à ainda além ao aos apenas após aquela aquele aquilo as às assim até cada com como contra da
        das de dela dele deles depois desde do dos durante e é ela elas ele eles em entre era eram essa
        esse esta está estão este estes eu foi foram há isso isto já lhe mais mas me mesmo meu minha
        muito na não nas nem no nos nós nossa nosso num numa o onde os ou para pela pelas pelo pelos
        pode por porque porquê qual quais quando quanto quantos que quem são se segundo seja sem ser
        será seu seus si sido sob sobre sua suas também te tem têm tinha tu um uma uns você vocês""",
    "nl": """aan al alle als altijd andere ben bij daar dan dat de der deze die dit doch doen door dus een er
        ge geen haar had heb hebben heeft hem het hier hij hoe hoeveel hun ik in is ja je kan kon kunnen
        maar me meer men met mij mijn moet na naar niet niets nog nu of om omdat onder ons onze ook op
        over reeds te tegen toch toen tot u uit uw van veel voor waar waarom wanneer want waren was wat
        welke werd werden wie wil worden wordt zal ze zelf zich zij zijn zo zonder zou""",
    "sv": """alla allt att av blev bli blir då de dem den denna deras dess dessa det detta dig din du efter
        ej eller en er ett från för ha hade han hans har hon honom hur i icke in inte jag kan kunde man
        med mellan men mig min mot mycket när någon något några ni nu och om oss på sedan sig sin sina
        sitt ska skulle som så till under upp ut utan vad var varför vara varit vem vi vid vilka vilken
        vilket är än över""",
    "da": """af alle andet andre at blev bliver da de dem den denne der deres det dette dig din dog du efter
        eller en end er et for fra få ham han hans har havde have hende hendes her hos hun hvad hvem
        hvilke hvilken hvis hvor hvordan hvorfor hvornår i ikke ind jeg jer kan kunne man mange med
        meget mellem men mig min mod ned noget nogle nu når og også om op os over på sig sin skal skulle
        som sådan til ud under var ved vi vil ville være været""",
    "no": """alle andre at av ble bli blir da de dem den denne der deres det dette du eller en enn er et
        etter for fra få ha hadde han hans har henne hennes her hos hun hva hvem hvilke hvilken hvis
        hvor hvordan hvorfor i ikke inn jeg kan kunne man mange med meg mellom men mer mot må noe noen
        nå når og også om opp oss over på seg selv sin skal skulle som så til ut under var ved vi vil
        ville være vært""",
    "fi": """ei eivät että he hän hänen ja jo joka jonka jos jossa jotka kanssa keitä ketkä kuin kuinka kuka
        kun koska me mikä milloin minkä minä missä mitä mitkä miksi miten mukaan mutta myös ne niin
        niiden noin nyt ole olen oli olivat olla on ovat se sekä sen sillä sinä siitä tai tämä tämän te
        vaan vai vain voi""",
    "hu": """a abban az azok azonban azt be csak de e egy egyik ez ezek ezt és fel ha hanem hogy hogyan hol
        így is itt ki kell két lehet lesz meg meg mely melyek mennyi mert mi mikor milyen mint mit most
        nagyon nem ő pedig sem szerint után van vagy való volt volna voltak""",
    "ro": """a acea această aceasta acest acesta ai al ale am ar are as asupra au avea că când care către ce
        cel cele cine cu cum cât câte da de decât deci deși din după ea ei el ele era este eu fi fie
        fost iar în între îl își la le lor lui mai mult ne nici nu o ori pe pentru prin sa sale sau se
        și sunt unde un una unei unor unui va""",
    "pl": """a aby ale bo bez być był była było były ci co czy dla do gdy gdzie go i ich im jak jaka jaki
        jakie jako je jego jej jest jeszcze już kiedy kto która które który którzy lub ma mi może można
        na nad nie niż o od on ona oni oraz po pod przed przez przy się są ta tak tam te tego tej ten to
        tu tylko tym u w we więc z za ze że""",
    "cs": """a aby ale ani až bez bude by byl byla bylo být co či do ho i jak jaké jaký jako je jeho její
        jejich jen ještě již jsem jsou k kde kdo kdy když která které který má mezi na nad ne nebo není
        o od po pod podle pro proč proto před při s se si tak také tato ten tento to tom u už v ve více
        však z za ze že""",
    "tr": """acaba ama ancak bazı ben bir biz bu bunu bunun çok çünkü da daha de değil diye en gibi hangi hem
        her hiç için ile ise kadar ki kim mi mı mu mü nasıl ne neden nedir nerede o olan olarak oldu
        olduğu onu onun sen sonra şu tarafından üzere var ve veya ya yani""",
    "id": """ada adalah agar akan anda antara apa apakah atau bagaimana bagi bahwa banyak belum berapa bisa
        dalam dan dapat dari dengan di dia hanya hingga ia ini itu jika juga kami kapan karena ke kepada
        kita lebih mana mereka mengapa oleh pada para saat saya sebagai sebuah secara sedang serta siapa
        sudah telah tersebut tidak untuk yang""",
    "ca": """a al als amb aquest aquesta aquests això bé com de del dels des dins doncs e el ella ells els em
        en és era eren entre es està ha han hi i la les li llur lo més mentre molt ni no nosaltres o on
        per perquè però pels pel qual quan quant que què qui sense ser seu seva seus si sobre són també
        tant un una uns va van""",
    "ru": """а без более будет бы был была были было быть в вам вас весь во вот все всего вы где да для до
        его ее её если есть еще ещё же за и из или им их к как какая какие какой когда кого кому который
        которая которые кто ли между меня мне мы на над не него нее ней нет ни них но о об он она они
        оно от по под после почему при с сколько со та так также там те тем то того тоже только том ты у
        уже чего чем что чтобы эта эти это этого этой этот я""",
    "uk": """а або але без би був була були було бути в вже ви від він вона вони воно всі де для до є же за з
        зі і із або її їх й його коли кого хто ким на над не ні о об під після по при про та так також
        там те ти тільки то того у це цей ця ці чи чому що щоб що як яка які який я""",
    "bg": """а ако аз бе беше бъде без в вече все във го да дали до докато е ето за защо и из или им как
        какво каква кога когато който която което които кой към ли между ме ми може на над не нея ни но
        него от по под преди при с са само се си след според със съм така тази те тези той това тук тя
        ще я""",
    "el": """αλλά αν από αυτά αυτές αυτή αυτό αυτός αυτών για δεν δύο εδώ είναι εκεί ένα ένας έχει έχουν η ή
        ήταν και κάθε κατά με μετά μη μια μπορεί να ο οι όπως όπου όταν ότι πιο πολύ που ποια ποιο ποιος
        πού πώς πότε πρέπει προς πως σας σε σου στα στη στην στις στο στον στους τα τη την της τι τις το
        τον του τους των ως""",
    "ar": """أن أو أي أين إذا إلا إلى التي الذي الذين إن أنا أنت به بها بعد بين تلك ثم حتى حيث خلال ذلك على
        عن عند غير في فيه فيها قبل قد كان كانت كل كم كما كيف لا لقد لكن لم لماذا له لها لن ليس ما ماذا
        متى مع من منذ منه منها هذا هذه هل هم هنا هناك هو هي و وقد ولا وهو وهي يا""",
    "fa": """آن آنها اگر از است اما او ای این با باید بر برای به بود بودند بی تا چرا چند چه چون چگونه خود در
        را شد شده شود که کجا کدام کرد کرده کند کی ما من می نیز نیست ها هایی هر هم هیچ و وی یا یک""",
    "ur": """اس اسے ان اور ایک با بھی پر تک تھا تھے تھی جس جو سے کا کب کر کون کہ کہاں کی کیا کیسے کیوں کے گیا
        لیے میں نہ نہیں نے ہو ہوا ہونے ہے ہیں وہ یا یہ""",
    "he": """אבל או אותה אותו אחרי איך אין איפה אל אלה אם אני אנחנו את אתה בין גם הוא היא היה היו הם זה זאת
        זו יש כאשר כדי כי כל כמה כן לא לה להם לו למה לפני מאוד מה מי מתי על עם עד של שלה שלהם שלו""",
    "hi": """अपना अपनी अपने आदि इन इस इसका इसकी इसके इसमें उन उनका उनके उस उसका उसके एक एवं और कर करता करते
        करना करने कब कहा कहाँ का कि कितना कितने किया किस किसी की कुछ के को कोई कौन क्या क्यों कैसे गया
        जब जो तक तथा तो था थी थे द्वारा न नहीं ने पर भी में यदि यह यहाँ या ये रहा रहे वह वाले वे से हुआ
        हुई हुए है हैं हो होता होती होते""",
}


# Where no spaces part the words, what asks is cut out of the run by its characters, the longest first. Of the Japanese
# particles only those right after a noun in Han characters or katakana: hiragana before them may be a word's own.
_ASKING = {
    "zh": """什么时候 什麼時候 为什么 為什麼 怎么样 怎麼樣 哪一年 什么 什麼 怎么 怎麼 怎样 怎樣 如何 哪里 哪裡 哪儿
        哪些 哪个 哪個 哪位 哪年 多少 几个 幾個 何时 何時 何地 是否 谁 誰 是 的 了 吗 嗎 呢""",
    "ja": """どのように でしょうか でしたか ましたか について ですか ますか ました どんな いくら いくつ いつ だれ どこ
        どの どれ どう なぜ なに とは です ます 誰 何""",
}
_PARTICLES = r"(?<=[\u4e00-\u9fff\u30a1-\u30fc])[はがをのにでともへや]"


@cache
def asking(language: str) -> re.Pattern[str]:
    """What only asks or joins in a question in Chinese ("zh") or Japanese ("ja")."""
    phrases = "|".join(_ASKING[language].split())
    return re.compile(f"{phrases}|{_PARTICLES}" if language == "ja" else phrases)


@cache
def stopwords(language: str) -> frozenset[str]:
    """The function words of a language (ISO 639-1), casefolded; empty when docqa has none for it."""
    return frozenset(_WORDS.get(language, "").casefold().split())


def languages() -> tuple[str, ...]:
    """The languages for which docqa has function words."""
    return tuple(_WORDS)
