"""Which English words speak of the same thing, written for this project from general knowledge.

Each line is a field of life: its name, then groups of words separated by `;`. Words of one group mean nearly the same
in requests to an API (film, movie); groups of one line belong to one field (film, actor, director: entertainment).
A word may stand in several lines. Verbs stand apart: they say what is done, not with what.
"""

from __future__ import annotations

_VERBS = """
read: get fetch retrieve obtain return read load pull; list browse enumerate; show display view see present print; find search look lookup query locate discover seek explore hunt
create: create add make new insert post register generate build compose produce; start begin launch initiate open establish; write draft; upload import attach
delete: delete remove erase destroy drop clear purge wipe discard; cancel revoke undo abort withdraw terminate; unsubscribe unfollow leave
update: update edit change modify alter adjust set patch revise correct amend fix; rename; replace overwrite; move relocate; mark flag toggle switch; improve enhance refine optimize polish
send: send deliver dispatch transmit email notify message forward; share publish announce broadcast post; invite
buy: buy purchase order acquire shop checkout; book reserve reservation booking schedule; rent hire lease; pay spend
compute: calculate compute determine work out evaluate estimate; convert transform translate change turn; count sum total; measure; compare contrast versus difference; predict forecast project anticipate; solve
analyze: analyze analyse examine inspect investigate assess evaluate study review audit; check verify validate test confirm inspect; summarize condense shorten digest recap abridge; explain describe clarify elaborate; detect identify recognize classify; monitor track watch follow trace observe
recommend: recommend suggest propose advise recommendation suggestion advice tip idea inspiration
"""

_FIELDS = """
travel: travel trip journey voyage tour touring itinerary; flight airline plane airfare fly airport airplane departure; hotel accommodation lodging motel inn hostel resort stay airbnb lodge; vacation holiday getaway honeymoon; cruise ferry; tourist traveler backpack sightseeing attraction landmark destination; visa passport immigration; luggage baggage; guide
transport: train rail railway amtrak; bus coach; taxi cab rideshare ride uber lyft; subway metro underground tram transit commute; ticket fare; route direction navigate navigation path; traffic congestion; station stop terminal; car vehicle automobile auto truck van suv; drive driving driver; parking garage; bike bicycle cycling scooter; boat ship vessel yacht; schedule timetable
place: location place where address spot position; nearby near close local around vicinity; city town municipality village; country nation; region state province area county district; map geography geographic geocode coordinate latitude longitude; postal zip postcode; distance far mile kilometer; street road; neighborhood community
weather: weather climate meteorology; forecast; temperature hot cold warm degree celsius fahrenheit; rain rainy precipitation shower umbrella; snow snowfall ski; wind windy; storm hurricane tornado thunderstorm cyclone; humidity humid; sunny sun cloudy cloud; air quality pollution aqi smog
food: food cuisine dish eat edible; recipe cook cooking bake baking chef kitchen culinary; restaurant diner eatery cafe bistro dine dining; meal breakfast lunch dinner supper brunch snack; ingredient pantry fridge grocery groceries; drink beverage cocktail; wine beer liquor alcohol whiskey brewery; coffee tea; vegetarian vegan plant; pizza burger pasta sushi; dessert cake chocolate cookie; menu; takeout delivery
diet: nutrition nutritional nutrient calorie macro vitamin protein carb; diet dietary keto; weight obesity bmi; healthy wellness
health: health medical medicine healthcare clinical clinic; doctor physician specialist practitioner gp dentist; hospital emergency; symptom diagnosis diagnose; disease illness condition disorder sick infection virus; drug medication prescription pharmacy pill dose dosage pharmaceutical; treatment therapy cure remedy heal; patient; vaccine vaccination immunization covid coronavirus pandemic; surgery surgical; trial
mind: mental psychology psychological emotional emotion feeling mood; stress anxiety depression; therapist counselor counseling; meditation mindfulness relax calm; habit motivation; personality trait; coach coaching mentor; affirmation
fitness: fitness exercise workout gym training train strength muscle; run running jog marathon; yoga pilates stretch; step pedometer; athlete
sleep: sleep insomnia bedtime; dream nightmare
finance: finance financial money monetary cash fund; bank banking account balance; loan debt borrow lend credit; mortgage refinance; interest rate; budget budgeting expense spending expenditure; saving save; income salary wage earning pay; tax irs deduction; insurance insure premium policy coverage; invoice bill billing receipt; payment transaction; accounting bookkeeping ledger; retirement pension; card
invest: invest investment investing investor portfolio asset; stock share equity ticker shares; market exchange trading trade trader; crypto cryptocurrency bitcoin ethereum token coin blockchain nft defi; bond treasury; dividend yield return; fund etf mutual hedge; option future derivative; earnings revenue filing sec annual quarterly balance; valuation; forex currency; commodity gold silver oil
currency: currency dollar euro usd eur gbp yen pound; exchange conversion rate
business: business company corporation firm enterprise organization startup; industry sector; entrepreneur founder ceo executive; profit revenue sales; strategy plan planning; competitor competition competitive; market; supplier vendor; client customer; partner partnership; brand branding name logo slogan; trademark patent intellectual; kpi metric performance; lead prospect crm sales
shopping: shop shopping store retail retailer mall; buy purchase; product item goods merchandise; price cost cheap affordable expensive bargain; deal discount coupon promo promotion voucher offer sale; cart basket checkout; order; shipping ship delivery package parcel courier; return refund; compare comparison; gift present; review rating; brand; inventory stock warehouse; amazon ebay walmart; electronics gadget laptop phone smartphone
fashion: fashion style outfit clothes clothing wear dress wardrobe apparel garment; shoe sneaker footwear; jewelry accessory watch; beauty makeup cosmetic skincare skin; hair haircut hairstyle salon barber; trend
jobs: job career employment position vacancy opening occupation work; resume cv cover; interview interviewer; hire hiring recruit recruitment recruiter talent candidate applicant; employee staff worker personnel; salary; skill expertise; freelance freelancer gig; remote
property: house home housing residence residential; apartment flat condo rental rent tenant; property estate realty realtor listing; buy; mortgage; landlord; zillow redfin; neighborhood; roommate
household: furniture sofa table chair; decor decoration interior design decorate; renovation remodel; clean cleaning laundry; appliance; garden gardening lawn; repair maintenance diy plumber
education: education educational learn learning teach teaching; school college university academy campus; student pupil; teacher instructor tutor professor tutoring; course class lesson curriculum module lecture; exam test quiz assessment flashcard; homework assignment; grade score gpa; study studying; training; kid child toddler children; degree diploma scholarship; math science
language: language linguistic multilingual; translate translation translator interpret; vocabulary word dictionary definition define meaning; grammar spelling spell punctuation; synonym antonym thesaurus; pronunciation pronounce; english spanish french german chinese japanese korean italian portuguese russian; speak speaking conversation; phrase idiom; letter alphabet
writing: write writing writer; essay article blog content copy copywriting; story storytelling narrative fiction tale plot; poem poetry poet verse rhyme; rewrite rephrase paraphrase rewording; proofread edit; headline title caption; script screenplay; plagiarism; summary abstract
research: research academic scholarly scientific; paper publication article journal literature study preprint arxiv; citation cite reference bibliography; scientist researcher; author; patent; experiment; thesis dissertation; evidence; topic
science: science scientific; physics quantum force motion; chemistry chemical molecule compound reaction element; biology biological cell gene genome dna protein organism species; astronomy planet star galaxy telescope; space nasa rocket satellite astronaut mars moon launch; geology rock mineral; earthquake seismic quake tremor volcano; ecology environment environmental; material
math: math mathematics mathematical maths; equation formula solve algebra calculus derivative integral; geometry triangle circle square area perimeter volume; number integer prime digit; statistic statistical probability mean average median; matrix vector; calculator calculate arithmetic computation; graph plot; unit conversion
data: data dataset; database sql mysql postgres table schema; query; analytics analysis insight; chart graph plot visualization visualize dashboard; spreadsheet excel csv sheet; statistics; diagram flowchart mindmap mermaid mind; export import; report
code: code coding program programming programmer; developer software development engineer; function method library package framework sdk; bug debug error issue; repository repo github git gitlab commit branch; python javascript java typescript rust php; api endpoint integration; script; compile execute run interpreter; algorithm; documentation docs; deploy deployment build pipeline; app application
cloud: cloud aws azure server hosting host; container docker kubernetes; network ip dns domain subdomain; uptime monitor; log; storage bucket; virtual machine instance; cluster
web: website site webpage web page; url link hyperlink; domain; browser browse internet online surf; crawl scrape scraper extract; seo ranking keyword backlink; html css; search engine google bing; traffic visitor; landing; shorten short; wordpress builder
security: security secure cybersecurity; password passcode credential; encrypt encryption decrypt cipher; vulnerability exploit cve threat hack hacker; malware virus phishing scam fraud; authentication login auth sign; permission access; privacy; verify fake
ai: ai artificial intelligence machine neural; prompt chatgpt gpt chatbot assistant; model; generate generative; midjourney dalle diffusion
image: image picture photo photograph photography visual; draw drawing sketch illustration paint painting; art artwork artist artistic gallery museum; logo icon design graphic designer; generate; meme gif sticker emoji; camera; wallpaper; color palette colour; ascii; avatar portrait
video: video clip footage youtube; watch; transcript subtitle caption; channel; stream streaming twitch; webinar lecture tutorial; animation animated; summarize
audio: audio sound voice speech speak; podcast episode; radio; record recording; transcribe transcription
music: music musical; song track tune; album; artist singer band musician; playlist; lyrics lyric; concert gig; melody chord guitar piano instrument; genre; listen; spotify; compose
entertainment: movie film cinema theater theatre; tv television show series episode season; actor actress cast star celebrity starring; director directed filmmaker; watch stream netflix streaming; anime manga cartoon; genre comedy drama thriller horror; rating review; trailer; award oscar
books: book novel ebook bestseller; read reading reader; author writer novelist; library; publisher; chapter; literature; bible scripture quran torah verse; isbn
news: news headline journalism journalist press; article; current latest breaking update; newspaper magazine; event; bias; world
sports: sport sports athletic; football soccer nfl; basketball nba; baseball mlb; tennis golf cricket hockey rugby; team club; player athlete; match game fixture; score result standings; league tournament championship cup; season; bet betting odds wager sportsbook; race racing formula; fantasy; coach
games: game gaming gamer video; play player; puzzle riddle crossword sudoku; chess; trivia quiz; card deck dice; rpg adventure fantasy character quest dungeon; steam xbox playstation nintendo; level; word guess hangman wordle; simulation simulator; legends minecraft pokemon; multiplayer; strategy; fun funny
fun: joke humor funny laugh comedy; fun entertain entertaining entertainment; quote inspirational saying; horoscope astrology zodiac; tarot fortune divination reading; magic; trick; fact; prank
astro: astrology horoscope zodiac birth natal; tarot iching divination fortune oracle; numerology; spiritual
religion: religion religious faith; god prayer pray; church; bible christian jesus scripture gospel; islam quran muslim prophet; buddhist hindu; jewish torah; spiritual; sermon
social: social network; instagram facebook twitter tiktok linkedin reddit; post tweet; follower follow friend; like comment; influencer creator; hashtag trending viral trend; profile bio; community forum discussion; dating relationship love romantic date partner
messages: message messaging text sms; email mail inbox gmail; chat conversation; send; reply respond; call phone telephone; notification alert; contact; slack discord telegram whatsapp; newsletter
people: person people human individual; name; contact; family parent mother father baby child; friend; woman man gender; age birthday; biography; celebrity
time: time clock hour minute; date day calendar; timezone; schedule appointment meeting event agenda; remind reminder; timer alarm; today tomorrow now; deadline due; holiday
tasks: task todo chore to-do; project; list checklist; productivity productive; organize plan planner; note memo notebook; kanban board trello; goal; deadline; assign; workflow automation automate zapier
documents: document file pdf doc docx; upload download; page; text; slide presentation powerpoint deck; extract; read; form template; sign signature; convert; summary; contract; chat ask; folder drive
events: event party gathering celebration; concert festival show performance; ticket seat; venue; wedding; conference meetup webinar; invite invitation rsvp; host
law: law legal legislation; lawyer attorney counsel; court judge trial case lawsuit; contract agreement clause; regulation compliance rule; statute; crime criminal police; right; congress bill senate legislator; terms
government: government federal public; politics political politician; election vote voter candidate; president; tax; military; congress parliament; license permit; census population; agency; citizen
charity: charity charitable nonprofit ngo donation donate donor; volunteer; foundation; cause; fundraising; governance
environment: environment environmental green sustainable sustainability eco; carbon emission footprint co2 greenhouse; climate; energy electricity power solar renewable; recycle recycling waste; water; pollution; wildlife conservation; forest tree
nature: animal wildlife species; dog puppy canine breed; cat kitten feline; bird; fish fishing; plant flower tree; garden; pet veterinarian vet; insect; nature outdoor hiking hike trail camping park; ocean sea beach tide surf; farm agriculture crop farmer farming soil
cars: car vehicle automobile auto; electric ev charging; dealer dealership; engine fuel gas; model make; used; mechanic repair; vin; motorcycle; insurance; tire
home: smart home automation device; light lamp; thermostat; sensor; switch; lock; iot
survey: survey questionnaire poll form; feedback opinion; response answer; question; sentiment opinion review rating
learn: quiz test question; flashcard; tutorial guide course; skill; explain; knowledge wikipedia encyclopedia fact; concept
marketing: marketing marketer advertising advertise advertisement ad ads; campaign; keyword seo; brand; audience target demographic; content; newsletter; social; landing; conversion; influencer; lead
history: history historical ancient; war battle; century; event; genealogy ancestor heritage; culture cultural tradition
engineering: engineering engineer; mechanical machine; electrical circuit voltage current; civil structure structural bridge concrete; construction build building; manufacturing factory production; industrial; robot robotics; material; aerospace aircraft
creative: creative creativity idea brainstorm imagination; design; story; character; inspiration; name naming; craft; lego; fiction
family: family kid child baby toddler; parent parenting mom dad; educational; toy; bedtime; school; activity
gift: gift present; birthday anniversary christmas; occasion; flower; card
"""


def _words(text: str) -> list[list[str]]:
    return [group.split() for group in text.split(";") if group.strip()]


def read_lexicon() -> tuple[dict[str, tuple[tuple[str, float], ...]], frozenset[str]]:
    """(word -> its concepts with their share, the words that are verbs); words are unstemmed.

    A concept is `=film` (one group) or `~entertainment` (a field). A word in several fields speaks of each less.
    """
    concepts: dict[str, dict[str, float]] = {}
    for line in _FIELDS.strip().splitlines():
        field, _, rest = line.partition(":")
        for group in _words(rest):
            for word in group:
                own = concepts.setdefault(word, {})
                if len(group) > 1:
                    own[f"={field}/{group[0]}"] = 1.0
                own[f"~{field}"] = 1.0
    shared: dict[str, tuple[tuple[str, float], ...]] = {}
    verbs: set[str] = set()
    for word, own in concepts.items():
        fields = sum(1 for name in own if name[0] == "~")
        shared[word] = tuple((name, 1 / fields**0.5) for name in own)
    for line in _VERBS.strip().splitlines():
        field, _, rest = line.partition(":")
        for group in _words(rest):
            for word in group:
                verbs.add(word)
                shared[word] = (*shared.get(word, ()), (f"!{field}", 1.0), (f"!{field}/{group[0]}", 1.0))
    return shared, frozenset(verbs)
