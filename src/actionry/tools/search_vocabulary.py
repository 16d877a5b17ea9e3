"""English words by how much they tell about what is wanted: stop words, common words. Written for this project."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of a table."""
    return frozenset(text.split())


STOP_WORDS = word_set(
    """
    a about above after again all also am an and any anyone anything are aren arent as at be because been before
    being below between both but by can cannot cant could couldn couldnt d did didn do does doesn doing don done
    dont down during e each eg etc ever every few for from further g had has hasn have haven having he hello her
    here hers hey hi him his how however i ie if im in into is isn it its itself ive just kind kindly know ld let
    lets like ll m may maybe me might mine more most much must my myself need needed needs no nor not now of off ok
    okay on once one only onto or other our ours out over own per perhaps please possible really regarding s same
    shall she should shouldn so some someone something such sure t tell than thank thanks that thats the their
    theirs them then there these they this those through thus to together too toward under until up upon us use used
    using various very via was wasn way we well were what whats when where whether which while who whom whose why
    will wish with within without won would wouldn yes yet you your yours re ve want wants wanted wanna gonna able
    help helps assist assistance provide provides provided providing give gives given giving specific specified
    particular based related interested looking look trying try currently access question questions available
    information info details detailed detail allow allows user users following include includes including included
    """
)
"""Words that carry no choice between operations; they count for little on both sides."""

COMMON_WORDS = word_set(
    """
    ability accurate achieve across act action activity actual actually add additional additionally advance advanced
    advancement advantage afford again age ahead aid aim allow amazing amount announce annual answer anticipate
    appear application apply appreciate approach appropriate area arrange aspect assistant associated assume attempt
    attention authentic automatically avail available average avoid aware awareness background bad base basic basis
    beautiful become begin behavior believe benefit best better beyond big bit bore boring brief bring broad build
    busy call capability capable capture care carefully carry case categorize cause center certain challenge
    challenging chance change characteristic check choice choose clear clearly close come comfortable common
    commonly compelling complete completely complex comprehensive concept concern conduct confuse consider
    considering consist consistent contain content context continue contribute control conveniently convey cool core
    correct cost couple cover crave create criteria crucial curious current custom customize daily data day deal
    decide decision deep deeply delve demand depend describe design desire determine develop development device
    difference different differ difficult direct direction directly discover discuss display diverse dive doubt draw
    drive due ease easily easy effect effective effectively efficient efficiently effort element eliminate emerging
    enable encounter encompass end engage engaging enhance enjoy enlighten ensure entire entirely essential
    establish event everyday evidence exact exactly examine example exceptional excite exciting exist expect
    expectation experience experienced expert expertise explain exploration explore extensive extra extract
    extremely face factor fail familiar fascinate fast favorite feature feel figure fill final finally find fine
    finish firstly firsthand first fit five focus force form format forward foster foundation four framework free
    frequently fresh friendly frustrate fulfill full function fundamental furthermore future gain gather general
    generally generate genuine get getting global go goal good great greatly group grow growth guarantee guidance
    guide half hand handle happen hard hear heard heart helpful hesitate high highest highlight highly hit hold hope
    hoping huge idea ideal identify immediate immerse immersive impact implement implementation implication
    important impossible impress improve improvement in-depth incentive incorporate increase indicate individual
    industry influence inform initial innovative inquire insight insightful inspire instance instead instruction
    integrate intend interest intricate introduce investigate involve involved issue item job join joy just keen
    keep key kickstart kind lack landscape large last lastly late later latest launch lead leading least leave left
    length less level life light limit limited line list live lately location locate long longer lot love low lower
    main maintain major make making manage management manner mark master material matter maximize mean meaning
    meaningful means measure media meet memorable mention method mid middle might mind minimum minor mode model
    modern moment monitor month motivate move multiple name nature navigate near nearly necessary new newest next
    nice normal notable note notice number obtain occasion occur offer official often old open operate opinion
    opportunity optimal optimize option order ordinary organize original other otherwise outcome outstanding overall
    overview overwhelm paragraph part particularly pass past peace people perfect perform performance period
    permission person personal personalized perspective pertain piece pick place plan play pleasant please point
    popular portion pose position positive possess possibility possibly potential potentially power powerful
    practical practice precise prefer preferably preference prepare present pretty prevent previous primary
    principle prior prioritize probably problem proceed process produce professional program progress project
    promote prompt proper properly protect prove provider publish pull purpose pursue put qualify quality quick
    quickly quite raise random range rank rapid rare rather reach read ready real reason reasonable receive recent
    recently recommend recommendation record reduce refer reference regular relate relation relationship relatively
    relevant reliable rely remain remember remove renowned replace report represent representation reputable request
    require requirement resolve resource respect respective respectively respond response responsible rest result
    retrieve reveal review rich right role room rule run safe safely sample satisfy save say scene scenario schedule
    scope search second section secure seamless seamlessly see seek seem select sense separate series serious serve
    service set setting several share short show side sign significance significant significantly similar simple
    simply simultaneously single site situation size skill slow small smart smooth solid solution solve sort sound
    source space special specialize specialty specific specifically specifications spend standard start state status
    stay step stick stop straightforward strategy strong struggle stuff stunning style stylish subject subsequently
    substantial succeed success successful successfully suffer suggest suggestion suit suitable super support
    suppose surprise system tackle tailor take talk target task technique technology term test thing think thorough
    thoroughly thought three thrill through tip title today tool top topic total touch toward track traditional
    transform true truly trust turn type typical typically ultimate uncover understand understanding unforgettable
    unique unlock unusual up-to-date upcoming update upload urgent urgently useful usual usually utilize valid
    valuable value variation variety various vary vast verify versatile version versus view visit visual visually
    vital wait walk wanted waste watch way week welcome wide widely willing win wonder wonderful word work worker
    working world worry worth write wrong year young zero ridiculous totally incorrect desperately honestly
    basically absolutely definitely certainly impressive fantastic awesome incredible excellent superb sufficient
    numerous whole upon sure glad happy excited happily kindly surely acquire attain assist two six seven eight nine
    ten hundred thousand million field sector york united states america usa uk london city country local
    international national worldwide enter entered given known existing desired required further moreover however
    therefore secondly afterwards meanwhile besides
    variable unit principle never maximum highlighting informed contain characteristic level restriction
    requesting participant identifying identifier recommended issue priority pattern purpose dimension element benefit
    named platform created called according estimated towards experience structure resource updated located point
    feature instruction tracking creating taking focused designed featuring feeling vibrant frustrated frustrating
    greetings obtaining generating incorporating showcasing started conducting evaluate ensure aspect presence breakdown
    ethical depth reality interactive january february march april june july august september october november
    december monday tuesday wednesday thursday friday saturday sunday weekend tonight morning afternoon evening
    minute hour second price market popular affordable favourite browse gather compile ask asking tell
    """
)
"""Words that say little about what is wanted, however rare they are among few operations."""
