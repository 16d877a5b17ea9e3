"""Which English words speak of the same thing, written for this project from general knowledge.

Each line is a field of life: its name, then groups of words separated by `;`. Words of one group mean nearly the same
in requests to an API (film, movie); groups of one line belong to one field (film, actor, director: entertainment).
A word may stand in several lines. Verbs stand apart: they say what is done, not with what.
"""

from __future__ import annotations

_VERBS = """
read: get fetch retrieve obtain return read load pull; list browse enumerate; show display view see present print;
  find search look lookup query locate discover seek explore hunt
create: create add make new insert post register generate build compose produce; start begin launch initiate open
  establish; write draft; upload import attach
delete: delete remove erase destroy drop clear purge
  wipe discard throw trash rid; cancel revoke undo abort withdraw terminate;
  unsubscribe unfollow leave; stop end finish close quit disable deactivate shutdown
update: update edit change modify alter adjust set patch revise correct amend fix; rename; replace overwrite; move
  relocate; mark flag toggle switch; improve enhance refine optimize polish
send: send deliver dispatch transmit email notify message forward; share publish announce broadcast post; invite
buy: buy purchase order acquire shop checkout; book reserve reservation booking schedule; rent hire lease; pay spend
compute: calculate compute determine work out evaluate estimate; convert transform translate change turn; count sum
  total; measure; compare contrast versus difference; predict forecast project anticipate; solve
analyze: analyze analyse examine inspect investigate assess evaluate study review audit; check verify validate test
  confirm inspect; summarize condense shorten digest recap abridge; explain describe clarify elaborate; detect
  identify recognize classify; monitor track watch follow trace observe
react: like dislike rate upvote downvote vote favorite star; follow subscribe; unfollow unsubscribe
recommend: recommend suggest propose advise recommendation suggestion advice tip idea inspiration
"""

_FIELDS = """
travel: travel trip journey voyage tour touring itinerary traveling travelling traveler; flight airline plane
  airfare fly airport airplane departure arrival layover nonstop boarding aviation; hotel accommodation lodging
  motel inn hostel resort stay airbnb lodge room suite booking; vacation holiday getaway honeymoon retreat; cruise
  ferry; tourist backpack backpacking sightseeing attraction landmark destination monument; visa passport
  immigration customs embassy; luggage baggage suitcase; guide; theme park disney ride amusement; sight; statue;
  tower; castle; cathedral; must-see; sightseer; trek; safari; landmarks
transport: train rail railway amtrak; bus coach shuttle; taxi cab rideshare ride uber lyft carpool; subway metro
  underground tram transit commute commuting; ticket fare; route direction navigate navigation path shortest;
  traffic congestion jam; station stop terminal platform; truck van freight cargo logistics; parking garage park;
  bike bicycle cycling scooter; boat ship vessel yacht marine; schedule timetable; speed camera radar; driver;
  delay; toll
place: location place where address spot position whereabouts; nearby near close local around vicinity proximity
  surrounding; city town municipality village metropolitan; country nation; region state province area county
  district territory; map geography geographic geocode geocoding coordinate latitude longitude gps; postal zip
  postcode; distance far mile kilometer; street road avenue highway; neighborhood neighbourhood community; continent
  europe asia africa america; geolocation; geo; downtown; border; capital; altitude; elevation
weather: weather climate meteorology meteorological; forecast outlook; temperature hot cold warm degree celsius
  fahrenheit chilly freezing; rain rainy precipitation rainfall umbrella raincoat drizzle; snow snowfall ski snowy;
  wind windy gust breeze; storm hurricane tornado thunderstorm cyclone typhoon lightning; humidity humid dew; sunny
  sun cloudy cloud sunshine sunset sunrise; air quality pollution aqi smog pollutant particulate; heat; heatwave;
  frost; fog; hail; barometric
sea: surf surfing wave tide swell beach coast coastal ocean sea bay shore; fishing fish; diving snorkel sail sailing
food: food cuisine dish eat edible culinary; recipe cook cooking bake baking chef kitchen roast grill; restaurant
  diner eatery cafe bistro dine dining; meal breakfast lunch dinner supper brunch snack; ingredient pantry fridge
  leftover; grocery groceries supermarket; drink beverage cocktail juice soda; wine beer liquor alcohol whiskey
  brewery vodka rum sake winery vineyard; coffee tea espresso; vegetarian vegan plant gluten; pizza burger pasta
  sushi taco noodle curry; dessert cake chocolate cookie pie; menu; takeout delivery; chicken beef pork meat fish
  salmon seafood shrimp; fruit apple banana vegetable potato tomato carrot; bread rice cheese milk egg butter sugar
  flour; spice flavor taste delicious; ingredients; mexican; indian; thai; catering; barbecue; bakery
diet: nutrition nutritional nutrient calorie macro vitamin protein carb carbohydrate fat fiber sodium mineral; diet
  dietary keto paleo fasting; weight obesity bmi overweight lose; healthy wellness lifestyle; allergy allergen
  intolerance
health: health medical medicine healthcare clinical clinic; doctor physician specialist practitioner gp dentist
  dental nurse; hospital emergency er ward; symptom diagnosis diagnose pain headache fever cough; disease illness
  condition disorder sick infection virus syndrome; cancer diabetes asthma hypertension stroke heart alzheimer
  arthritis tumor; drug medication prescription pharmacy pill dose dosage pharmaceutical aspirin antibiotic;
  treatment therapy cure remedy heal rehabilitation; patient; vaccine vaccination immunization covid coronavirus
  pandemic; surgery surgical; trial study; blood pressure glucose cholesterol; pregnancy pregnant fertility; injury
  wound fracture; anatomy organ bone; vital; heartbeat; pulse; epidemic; outbreak; hygiene; first; aid; ambulance;
  death; recovered; confirmed
mind: mental psychology psychological emotional emotion feeling mood; stress anxiety depression lonely sad
  overwhelmed; therapist counselor counseling psychiatrist; meditation mindfulness relax calm breathing; habit
  motivation discipline; personality trait mbti; coach coaching mentor; affirmation positive positivity gratitude
  encouragement uplifting happiness confidence; adhd autism
fitness: fitness exercise workout gym training train strength muscle cardio; run running jog marathon; yoga pilates
  stretch; step pedometer; athlete athletic; lifting squat pushup
sleep: sleep insomnia bedtime nap; dream nightmare dreaming
finance: finance financial money monetary cash; bank banking account balance deposit withdrawal; loan debt borrow
  lend credit lender; mortgage refinance; interest rate; budget budgeting expense spending expenditure afford;
  saving save; income salary wage earning paycheck; tax irs deduction vat gst; insurance insure premium policy
  coverage claim; invoice bill billing receipt; payment transaction transfer remittance; accounting bookkeeping
  ledger audit; retirement pension 401k ira; credit card debit; fraud; wire; overdraft; apr; installment; emi;
  amortization; gratuity; depreciation; payroll; fee; charge
invest: invest investment investing investor portfolio asset wealth; stock share equity ticker shares nasdaq nyse
  dow sp; market exchange trading trade trader; crypto cryptocurrency bitcoin ethereum token coin blockchain nft
  defi btc eth wallet web3 altcoin dogecoin solana; bond treasury; dividend yield return; fund etf mutual hedge;
  option future derivative; earnings revenue filing sec annual quarterly balance ebitda cash; valuation pe ratio
  price; forex currency; commodity gold silver oil crude; ipo merger acquisition; volatility sharpe bullish bearish
  risk; inflation gdp economy economic unemployment recession; apple microsoft tesla google amazon nvidia meta;
  capitalization; cap; macroeconomic; liquidity; leverage; candlestick; analyst; binance; coinbase; usdt; litecoin;
  filings; 10-k; holdings; allocation
currency: currency dollar euro usd eur gbp yen pound rupee yuan jpy inr cny aud cad; exchange conversion rate
  convert
business: business company corporation firm enterprise organization startup corporate; industry sector; entrepreneur
  founder ceo executive director owner; profit revenue sales turnover; strategy plan planning; competitor
  competition competitive rival; market; supplier vendor manufacturer procurement; client customer; partner
  partnership; brand branding logo slogan; trademark patent intellectual; kpi metric performance; lead prospect crm
  sales salesforce hubspot; agency; consulting consultant; erp; headquarters subsidiary shareholder; small;
  outsourcing; supply; chain; b2b; wholesale; assets; officers
product: product feature roadmap backlog feedback; ux usability experience; requirement user story; manager
shopping: shop shopping store retail retailer mall outlet; buy purchase; product item goods merchandise; price cost
  cheap affordable expensive bargain inexpensive; deal discount coupon promo promotion voucher offer sale promocode;
  cart basket checkout; order; shipping ship delivery package parcel courier; return refund warranty; compare
  comparison; gift present; review rating; brand; inventory stock warehouse; amazon ebay walmart etsy shopify
  target; electronics gadget laptop phone smartphone iphone headphone earbuds speaker computer tablet monitor
  keyboard tv television console charger; furniture sofa couch mattress desk chair shelf lamp rug bookshelf;
  appliance blender refrigerator fridge microwave vacuum dryer toaster oven dishwasher washer stove mixer; shirt
  tshirt jacket jeans coat sweater; backpack bag purse; toy doll; camera lens drone; perfume; printer; bike; tool
  drill; pen; pencil; stationery; supplies; ink; bench; mat; wishlist; smartwatch; bluetooth; battery; mouse;
  router; heater; fan; cookware; knife; pan; mug; pillow; blanket; headphones; sunglasses; buyer; seller; catalog;
  sku
fashion: fashion style outfit clothes clothing wear dress wardrobe apparel garment attire; shoe sneaker footwear
  boot heel sandal; jewelry jewellery necklace ring bracelet earring accessory watch; beauty makeup cosmetic
  skincare skin lipstick; hair haircut hairstyle salon barber; shirt tshirt hoodie jacket jeans pants skirt suit
  sweater coat hat; trend; fabric textile
jobs: job career employment position vacancy opening occupation work; resume cv cover; interview interviewer; hire
  hiring recruit recruitment recruiter talent candidate applicant; employee staff worker personnel workforce;
  salary; skill expertise; freelance freelancer gig contractor; remote; internship intern; profession professional;
  linkedin; hr human resources; promotion
property: house home housing residence residential; apartment flat condo rental rent tenant renting lease; property
  estate realty realtor listing; buy; mortgage; landlord; zillow redfin; neighborhood; roommate; bedroom bathroom;
  villa townhouse duplex studio; penthouse; bungalow; amenity; amenities; broker; pool; condos; homes
household: furniture sofa table chair couch bed; decor decoration interior design decorate redecorate; renovation
  remodel; clean cleaning laundry; appliance; garden gardening lawn yard; repair maintenance diy plumber plumbing
  electrician; paint wall floor roof
education: education educational learn learning teach teaching; school college university academy campus; student
  pupil; teacher instructor tutor professor tutoring educator; course class lesson curriculum module lecture mooc
  coursera udemy; exam test quiz assessment sat gre gmat ielts toefl; homework assignment; grade score gpa; study
  studying; training certification; kid child toddler children preschool kindergarten; degree diploma scholarship
  bachelor master phd; math science; memorize remember flashcard flashcards recall revision; upskill; bootcamp;
  admission; enrollment; classroom; notes
language: language linguistic multilingual bilingual; translate translation translator interpret; vocabulary word
  dictionary definition define meaning; grammar spelling spell punctuation; synonym antonym thesaurus; pronunciation
  pronounce accent fluent; english spanish french german chinese japanese korean italian portuguese russian arabic
  hindi mandarin; speak speaking conversation; phrase idiom slang; letter alphabet
writing: write writing writer; essay article blog content copy copywriting; story storytelling narrative fiction
  tale plot; poem poetry poet verse rhyme haiku; rewrite rephrase paraphrase rewording reword; proofread edit;
  headline title caption; script screenplay; plagiarism; summary abstract; tone style; draft; paragraph sentence;
  speech; letter; character; outline
research: research academic scholarly scientific; paper publication article journal literature study preprint arxiv
  pubmed; citation cite reference bibliography; scientist researcher; author; patent; experiment; thesis
  dissertation; evidence; topic; findings peer
science: science scientific; physics quantum force motion mechanics relativity particle gravity; chemistry chemical
  molecule compound reaction element atom; biology biological cell gene genome dna protein organism species genetic;
  astronomy planet star galaxy telescope; space nasa rocket satellite astronaut mars moon launch orbit asteroid;
  geology rock mineral; earthquake seismic quake tremor volcano magnitude; ecology environment environmental;
  material; neuroscience brain; lab; laboratory; microscope; periodic; duality; entanglement; superposition;
  evolution; bacteria; microbe; meteor; comet; eclipse; iss; spacecraft
math: math mathematics mathematical maths; equation formula solve algebra calculus derivative integral polynomial;
  geometry triangle circle square area perimeter volume radius angle rectangle sphere; number integer prime digit
  factorial; statistic statistical probability mean average median variance; matrix vector; calculator calculate
  arithmetic computation sum; graph plot; unit conversion convert; percentage percent fraction; logarithm exponent
  root; quotient; hypotenuse; pythagorean; permutation; combination; standard; deviation; simplify; lcm; gcd;
  binary; hexadecimal; round
data: data dataset; database sql mysql postgres table schema; query; analytics analysis insight; chart graph plot
  visualization visualize dashboard visual bar pie histogram; spreadsheet excel csv sheet; statistics statistical
  trend; diagram flowchart mindmap mermaid mind; export import; report; scraping extract; regression correlation;
  airtable record; preprocess; normalize; missing; outlier; etl; representation; pivot; row; column; infographic;
  wordcloud
code: code coding program programming programmer; developer software development engineer; function method library
  package framework sdk dependency npm pypi; bug debug error issue; repository repo github git gitlab commit branch
  fork pull open-source opensource; python javascript java typescript rust php c ruby golang swift kotlin react; api
  endpoint integration; script shell bash terminal; compile execute run interpreter sandbox; algorithm;
  documentation docs; deploy deployment build pipeline devops; app application; notebook jupyter; kids; regex json
  xml yaml; frontend backend; unit test; refactor; snippet; version; config; dark; mode; responsive
cloud: cloud aws azure hosting host; server instance machine vm vps droplet node; container docker kubernetes;
  network ip dns domain subdomain; uptime monitor outage; log; storage bucket; virtual machine instance; cluster;
  cloudflare cdn; ssh command; internet traffic
web: website site webpage web page; url link hyperlink uri; domain whois; browser browse internet online surf; crawl
  scrape scraper extract crawler; seo ranking keyword backlink serp; html css wordpress; search engine google bing
  lookup; traffic visitor; landing; shorten short; builder; metadata; archive; pagespeed lighthouse performance;
  organic; rank; redirect; bookmark; sitemap; favicon; http; https; www
security: security secure cybersecurity; password passcode credential; encrypt encryption decrypt cipher;
  vulnerability exploit cve threat hack hacker breach pentest; malware virus phishing scam fraud suspicious fishy;
  authentication auth sign; permission access; privacy; verify fake; attack ddos firewall; scan scanner; ssl tls
  certificate; fraudulent; leak; hash; captcha; vpn; blacklist
ai: ai artificial intelligence machine neural; prompt chatgpt gpt chatbot assistant llm; model; generate generative;
  midjourney dalle diffusion; agent; embedding; nlp; vision; generation
image: image picture photo photograph photography visual; draw drawing sketch illustration paint painting; art
  artwork artist artistic gallery museum exhibition sculpture; logo icon design graphic designer banner poster
  flyer; generate; meme gif sticker emoji; camera; wallpaper; color palette colour; ascii banner; avatar portrait;
  crop resize rotate filter edit photoshop; ocr; unsplash stock; describe caption; barcode qr code; aperture;
  shutter; exposure; background; resolution; render; screenshot; marketplace; visuals
video: video clip footage youtube; watch; transcript subtitle caption; channel; stream streaming twitch; webinar
  lecture tutorial documentary; animation animated; summarize summary; tiktok reel short shorts; edit editing;
  youtuber; screen; livestream; thumbnail
audio: audio sound voice speech speak; podcast episode; radio; record recording; transcribe transcription; tts
  narration narrate read aloud; mp3; microphone
music: music musical song track tune; album discography; artist singer band musician; playlist; lyrics lyric;
  concert gig; melody chord guitar piano instrument violin; genre jazz rock pop hiphop rap; listen; spotify
  soundtrack; compose composition; beat tempo; playback; pause; skip; queue; shuffle; repeat; rapper; billboard;
  producer
entertainment: movie film cinema theater theatre documentary; tv television show series episode season sitcom; actor
  actress cast crew credit star celebrity starring; director directed filmmaker direct; watch stream netflix
  streaming hulu; anime manga cartoon; genre comedy drama thriller horror scifi romance; rating review; trailer;
  award oscar; musical play; crew; credits; filmography; premiere; backdrop; toprated; runtime; franchise;
  collection; superhero; synopsis
books: book novel ebook bestseller audiobook; read reading reader; author writer novelist; library; publisher;
  chapter; literature literary; isbn; fiction nonfiction; biography memoir; biographies
news: news headline journalism journalist press; article; current latest breaking update; newspaper magazine; event;
  bias; world; report; reporter
sports: sport sports athletic; football soccer nfl; basketball nba; baseball mlb; tennis golf cricket hockey rugby
  volleyball; team club; player athlete; match game fixture; score result standings; league tournament championship
  cup; season; bet betting odds wager sportsbook; race racing formula nascar; fantasy; coach; olympics; goal;
  premier laliga uefa fifa; scorer; lakers; warriors; yankees; referee; stadium; arena; quarterback; pitcher;
  goalkeeper; nhl; mma; boxing; wrestling
games: game gaming gamer video; play player; puzzle riddle crossword sudoku brainteaser; chess; trivia quiz; card
  deck dice poker; rpg adventure fantasy character quest dungeon; steam xbox playstation nintendo; level; word guess
  hangman wordle; simulation simulator; minecraft pokemon fortnite zelda; multiplayer; strategy; fun funny; champion
  league; scoring; achievement; boss; weapon; armor; roblox; esports
fun: joke humor funny laugh comedy; fun entertain entertaining entertainment bored; quote inspirational saying;
  trick; fact; prank; riddle; chuck; norris; random; pun; icebreaker
astro: astrology horoscope zodiac birth natal sign; tarot iching divination fortune oracle; numerology; spiritual;
  aries taurus gemini leo virgo libra scorpio sagittarius capricorn aquarius pisces; stars; rising; astrological;
  astrologer; phase; palm; destiny
religion: religion religious faith; god prayer pray; church; bible christian jesus scripture gospel; islam quran
  muslim prophet; buddhist hindu; jewish torah; spiritual; sermon; verse
social: social network; instagram facebook twitter tiktok linkedin reddit snapchat; post tweet; follower follow
  friend; like comment; influencer creator; hashtag trending viral trend; profile bio; community forum discussion;
  dating relationship love romantic partner; media; retweet; handle; timeline
messages: message messaging text sms; email mail inbox gmail outlook; chat conversation; send; reply respond; call
  phone telephone dial; notification alert; contact; channel conversation thread room group; slack discord telegram
  whatsapp; newsletter; voicemail; outreach; sender; recipient; mailbox
people: person people human individual; name; contact; family parent mother father baby child husband wife; friend;
  woman man gender; age birthday; biography; celebrity; user member profile; hired; neighbor; colleague;
  demographics
time: time clock hour minute; date day calendar; timezone; schedule appointment meeting event agenda; remind
  reminder; timer alarm stopwatch; deadline due; holiday; week month year; availability slot; countdown; weekday;
  duration; leap; recurring
tasks: task todo chore to-do; project; list checklist; productivity productive; organize plan planner; note memo
  notebook jot; kanban board trello asana jira notion; goal; deadline; assign; workflow automation automate zapier;
  journal diary reflect; decision; routine; sprint; todos; assignee
documents: document file pdf doc docx; upload download; page; text; slide presentation powerpoint deck pitch;
  extract; read; form template; sign signature; convert; summary; contract; folder drive; manual handbook; word
  count; scan ocr; lengthy; letterhead; annotate; clipboard
events: event party celebration; concert festival show performance; ticket seat; venue; wedding; conference meetup
  webinar; invite invitation rsvp; host; theater; fair; ticketmaster; seating; attendee
law: law legal legislation legally; lawyer attorney counsel; court judge trial case lawsuit; contract agreement
  clause; regulation compliance rule; statute; crime criminal police; right; congress bill senate legislator; terms;
  copyright; divorce custody; sue; penalty; fine; offender; offence; damages; tort; jurisdiction; lawmaker; arrest;
  verdict; violation; rights; justice
government: government federal public; politics political politician parliament mp; election vote voter candidate;
  president senator; military army; congress; license permit; census population demographic; agency; citizen
  citizenship; debate; minister; service; veteran
charity: charity charitable nonprofit ngo donation donate donor; volunteer; foundation; cause; fundraising;
  governance
environment: environment environmental green sustainable sustainability eco; carbon emission footprint co2
  greenhouse; climate warming; energy electricity power solar renewable; recycle recycling waste; water; pollution;
  wildlife conservation; forest tree; biodiversity; global; ecosystem; drought; flood; wildfire; panel; plastic;
  fossil
nature: animal wildlife species zoo; dog puppy canine breed; cat kitten feline; bird; plant houseplant flower tree
  indoor; garden gardening; pet veterinarian vet; insect; nature outdoor hiking hike trail camping park; farm
  agriculture crop farmer farming soil; horse cow livestock; grooming; adoption; aquarium; reptile; veterinary;
  fertilizer; irrigation; harvest; pest; seed; national; mountain; river; lake
cars: car vehicle automobile auto suv sedan; electric ev charging charger tesla; dealer dealership; engine fuel gas
  gasoline petrol diesel; model make; used; mechanic repair; vin; motorcycle; tire; mileage mpg; hybrid; brake;
  driving; autonomous
home: smart home automation device; light lamp; thermostat; sensor; switch; lock; iot; alexa
survey: survey questionnaire poll form; feedback opinion; response answer; question; sentiment review rating;
  criticism; satisfaction; nps; respondent
marketing: marketing marketer advertising advertise advertisement ad ads; campaign; keyword seo; brand; audience
  target demographic; content; newsletter; landing; conversion; influencer; lead; promote promotion; awareness; copy
  copywriter slogan tagline; advert; growth; engagement; reach; impression; click; persona; sponsorship; affiliate;
  monetize
history: history historical ancient medieval; war battle; century era; genealogy ancestor heritage; culture cultural
  tradition; civilization empire; past time
engineering: engineering engineer; mechanical machine pump; electrical circuit voltage current resistor; civil
  structure structural bridge concrete; construction build building crane; manufacturing factory production;
  industrial; robot robotics; aerospace aircraft; manual specification; slope; tunnel; torque; beam; plc; pipe;
  hvac; mining; welding; blueprint; infrastructure; telecom; latency
creative: creative creativity idea brainstorm imagination; design; story; inspiration; name naming; craft; lego;
  knit
family: family kid child baby toddler; parent parenting mom dad; educational; toy; bedtime; school; activity
gift: gift present surprise; birthday anniversary christmas valentine; occasion; flower bouquet; card; parent friend
knowledge: wikipedia encyclopedia fact knowledge; explain concept; question answer; search research; learn
"""


def _lines(table: str) -> list[str]:
    """Entries of a table; an indented line goes on with the one before."""
    return table.strip().replace("\n  ", " ").splitlines()


def _words(text: str) -> list[list[str]]:
    return [group.split() for group in text.split(";") if group.strip()]


def read_lexicon() -> tuple[dict[str, tuple[tuple[str, float], ...]], frozenset[str]]:
    """(word -> its concepts with their share, the words that are verbs); words are unstemmed.

    A concept is `=film` (one group) or `~entertainment` (a field). A word in several fields speaks of each less.
    """
    concepts: dict[str, dict[str, float]] = {}
    for line in _lines(_FIELDS):
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
    for line in _lines(_VERBS):
        field, _, rest = line.partition(":")
        for group in _words(rest):
            for word in group:
                verbs.add(word)
                shared[word] = (*shared.get(word, ()), (f"!{field}", 1.0), (f"!{field}/{group[0]}", 1.0))
    return shared, frozenset(verbs)
