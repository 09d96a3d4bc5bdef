/* SPDX-License-Identifier: MIT */
/* Telephone numbers, as people and switches write them, over the world. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lead/phone.h"
#include "leadbridge/lead.h"

struct row {
	const char *name, *country, *text;
	enum phone_result result;
	const char *e164, *region, *extension, *rest;
};

static struct arena arena;

static bool same(struct str s, const char *expected)
{
	return expected == NULL ? s.p == NULL : str_eq(s, str_from(expected));
}

static void check(const struct row *rows, size_t n)
{
	size_t bad = 0;
	arena_init(&arena);
	for (size_t i = 0; i < n; i++) {
		const struct row *r = &rows[i];
		struct phone p;
		phone_parse(&arena, str_from(r->text), r->country, &p);
		if (p.result == r->result && same(p.e164, r->e164) &&
		    (r->region == NULL || strcmp(p.country, r->region) == 0) &&
		    same(p.extension, r->extension) && same(p.rest, r->rest))
			continue;
		bad++;
		print_error("%s: '%s' gave %d %.*s %s ext %.*s rest %.*s\n",
			    r->name, r->text, (int)p.result, STR_FMT(p.e164),
			    p.country, STR_FMT(p.extension), STR_FMT(p.rest));
	}
	arena_release(&arena);
	assert_int_equal(bad, 0);
}

#define OK(name, country, text, e164, region)                                  \
	{                                                                      \
		name, country, text, PHONE_OK, e164, region, NULL, NULL        \
	}
#define NOT(name, country, text, result)                                       \
	{                                                                      \
		name, country, text, result, NULL, "", NULL, NULL              \
	}
#define WITH(name, country, text, e164, extension, rest)                       \
	{                                                                      \
		name, country, text, PHONE_OK, e164, NULL, extension, rest     \
	}

/* clang-format off */
static const struct row national[] = {
	OK("us", "US", "(520) 555-0123", "+15205550123", "US"),
	OK("us trunk", "US", "1-520-555-0123", "+15205550123", "US"),
	OK("us dots", "US", "520.555.0123", "+15205550123", "US"),
	OK("us plain", "US", "5205550123", "+15205550123", "US"),
	OK("us lower-case country", "us", "5205550123", "+15205550123", "US"),
	OK("canada from us", "US", "416-555-0123", "+14165550123", "CA"),
	OK("canada home", "CA", "(604) 555 0199", "+16045550199", "CA"),
	OK("jamaica", "US", "876-555-0123", "+18765550123", "JM"),
	OK("puerto rico", "US", "787-555-0123", "+17875550123", "PR"),
	OK("dominican republic", "DO", "809-555-0123", "+18095550123", "DO"),
	OK("bahamas", "BS", "242-555-0123", "+12425550123", "BS"),
	OK("toll free", "US", "800-555-0123", "+18005550123", ""),
	OK("britain", "GB", "020 7946 0958", "+442079460958", "GB"),
	OK("britain mobile", "GB", "07700 900123", "+447700900123", "GB"),
	OK("britain as UK", "UK", "07700 900123", "+447700900123", "GB"),
	OK("britain nine digits", "GB", "016977 2345", "+44169772345", "GB"),
	OK("guernsey", "GB", "01481 960123", "+441481960123", "GG"),
	OK("jersey", "JE", "01534 960123", "+441534960123", "JE"),
	OK("man", "GB", "01624 960123", "+441624960123", "IM"),
	OK("ireland", "IE", "01 234 5678", "+35312345678", "IE"),
	OK("ireland mobile", "IE", "085 012 3456", "+353850123456", "IE"),
	OK("australia", "AU", "0412 345 678", "+61412345678", "AU"),
	OK("australia fixed", "AU", "(02) 5550 1234", "+61255501234", "AU"),
	OK("australia 1300", "AU", "1300 975 707", "+611300975707", "AU"),
	OK("christmas island", "AU", "08 9164 1234", "+61891641234", "CX"),
	OK("new zealand", "NZ", "021 123 4567", "+64211234567", "NZ"),
	OK("south africa", "ZA", "082 123 4567", "+27821234567", "ZA"),
	OK("india", "IN", "098765 43211", "+919876543211", "IN"),
	OK("india without zero", "IN", "98765 43211", "+919876543211", "IN"),
	OK("germany", "DE", "030 12345679", "+493012345679", "DE"),
	OK("germany mobile", "DE", "0151 23456789", "+4915123456789", "DE"),
	OK("germany stroke", "DE", "06131/123456", "+496131123456", "DE"),
	OK("austria", "AT", "0664 1234567", "+436641234567", "AT"),
	OK("switzerland", "CH", "044 668 18 00", "+41446681800", "CH"),
	OK("france", "FR", "06 12 34 56 78", "+33612345678", "FR"),
	OK("belgium", "BE", "0470 12 34 56", "+32470123456", "BE"),
	OK("netherlands", "NL", "06-12345678", "+31612345678", "NL"),
	OK("luxembourg", "LU", "621 123 456", "+352621123456", "LU"),
	OK("spain", "ES", "612 34 56 78", "+34612345678", "ES"),
	OK("portugal", "PT", "912 345 678", "+351912345678", "PT"),
	OK("italy keeps its zero", "IT", "06 6712 1234", "+390667121234", "IT"),
	OK("italy mobile", "IT", "312 345 6789", "+393123456789", "IT"),
	OK("vatican", "IT", "06 698 12345", "+390669812345", "VA"),
	OK("denmark", "DK", "32 12 34 56", "+4532123456", "DK"),
	OK("norway", "NO", "406 12 345", "+4740612345", "NO"),
	OK("svalbard", "NO", "79 02 12 34", "+4779021234", "SJ"),
	OK("sweden", "SE", "070-123 45 67", "+46701234567", "SE"),
	OK("finland", "FI", "041 2345678", "+358412345678", "FI"),
	OK("mainland number of an islander", "AX", "041 2345678", "+358412345678", "FI"),
	OK("aland", "FI", "018 12345", "+3581812345", "AX"),
	OK("poland", "PL", "512 345 678", "+48512345678", "PL"),
	OK("czechia", "CZ", "601 123 456", "+420601123456", "CZ"),
	OK("hungary", "HU", "06 20 123 4567", "+36201234567", "HU"),
	OK("romania", "RO", "0712 034 567", "+40712034567", "RO"),
	OK("greece", "GR", "691 234 5678", "+306912345678", "GR"),
	OK("ukraine", "UA", "050 123 4567", "+380501234567", "UA"),
	OK("lithuania", "LT", "0612 34567", "+37061234567", "LT"),
	OK("lithuania old trunk", "LT", "8 612 34567", "+37061234567", "LT"),
	OK("belarus", "BY", "8 029 491 19 11", "+375294911911", "BY"),
	OK("russia", "RU", "8 (912) 345-67-89", "+79123456789", "RU"),
	OK("russia freephone", "RU", "8 800 200 01 22", "+78002000122", "RU"),
	OK("russia no trunk", "RU", "800 200 01 22", "+78002000122", "RU"),
	OK("kazakhstan", "KZ", "8 701 234 56 78", "+77012345678", "KZ"),
	OK("turkey", "TR", "0532 123 45 67", "+905321234567", "TR"),
	OK("israel", "IL", "050-234-5678", "+972502345678", "IL"),
	OK("emirates", "AE", "050 123 4567", "+971501234567", "AE"),
	OK("saudi arabia", "SA", "051 234 5678", "+966512345678", "SA"),
	OK("egypt", "EG", "0100 123 4567", "+201001234567", "EG"),
	OK("morocco", "MA", "0650-123456", "+212650123456", "MA"),
	OK("western sahara", "MA", "0528 812345", "+212528812345", "EH"),
	OK("nigeria", "NG", "0802 123 4567", "+2348021234567", "NG"),
	OK("kenya", "KE", "0712 123456", "+254712123456", "KE"),
	OK("ghana", "GH", "023 123 4567", "+233231234567", "GH"),
	OK("ivory coast keeps zero", "CI", "07 01 23 45 67", "+2250701234567", "CI"),
	OK("reunion", "RE", "0692 12 34 56", "+262692123456", "RE"),
	OK("mayotte", "YT", "0639 01 23 45", "+262639012345", "YT"),
	OK("guadeloupe", "GP", "0590 20 12 34", "+590590201234", "GP"),
	OK("antilles mobile", "GP", "0690 00 12 34", "+590690001234", ""),
	OK("brazil eleven", "BR", "(11) 96123-4567", "+5511961234567", "BR"),
	OK("brazil ten", "BR", "(11) 2345-6789", "+551123456789", "BR"),
	OK("brazil trunk", "BR", "011 96123-4567", "+5511961234567", "BR"),
	OK("brazil carrier", "BR", "0 15 11 96123-4567", "+5511961234567", "BR"),
	OK("mexico", "MX", "55 1234 5678", "+525512345678", "MX"),
	OK("mexico 01", "MX", "01 55 1234 5678", "+525512345678", "MX"),
	OK("mexico 044", "MX", "044 55 1234 5678", "+525512345678", "MX"),
	OK("argentina", "AR", "011 2345-6789", "+541123456789", "AR"),
	OK("argentina 15", "AR", "011 15-2345-6789", "+5491123456789", "AR"),
	OK("argentina cordoba 15", "AR", "0351 15 234-5678", "+5493512345678", "AR"),
	OK("argentina four digit area", "AR", "02966 15 423456", "+5492966423456", "AR"),
	OK("colombia", "CO", "321 123 4567", "+573211234567", "CO"),
	OK("chile", "CL", "9 6123 4567", "+56961234567", "CL"),
	OK("peru", "PE", "912 345 678", "+51912345678", "PE"),
	OK("costa rica", "CR", "8312 3456", "+50683123456", "CR"),
	OK("japan", "JP", "090-1234-5678", "+819012345678", "JP"),
	OK("japan tokyo", "JP", "03-1234-5678", "+81312345678", "JP"),
	OK("korea", "KR", "010-2000-0123", "+821020000123", "KR"),
	OK("china", "CN", "131 2345 6789", "+8613123456789", "CN"),
	OK("china fixed", "CN", "010 1234 5679", "+861012345679", "CN"),
	OK("hong kong", "HK", "5123 4567", "+85251234567", "HK"),
	OK("singapore", "SG", "8123 4567", "+6581234567", "SG"),
	OK("malaysia", "MY", "012-345 6788", "+60123456788", "MY"),
	OK("philippines", "PH", "0905 123 4567", "+639051234567", "PH"),
	OK("indonesia", "ID", "0812-345-678", "+62812345678", "ID"),
	OK("thailand", "TH", "081 234 5678", "+66812345678", "TH"),
	OK("vietnam", "VN", "091 234 56 78", "+84912345678", "VN"),
	OK("taiwan", "TW", "0912 345 678", "+886912345678", "TW"),
	OK("pakistan", "PK", "0301 2345678", "+923012345678", "PK"),
	OK("iceland seven", "IS", "611 1234", "+3546111234", "IS"),
	OK("faroe six", "FO", "211234", "+298211234", "FO"),
	OK("falklands five", "FK", "51234", "+50051234", "FK"),
	OK("fiji", "FJ", "701 2345", "+6797012345", "FJ"),
	OK("san marino", "SM", "0549 886377", "+3780549886377", "SM"),
};

static const struct row foreign[] = {
	OK("plus", NULL, "+1 520 555 0123", "+15205550123", "US"),
	OK("plus over default", "DE", "+44 7700 900123", "+447700900123", "GB"),
	OK("plus one (0)", NULL, "+1 (0) 520 555 0123", "+15205550123", "US"),
	OK("(0) dropped", NULL, "+44 (0)20 7946 0958", "+442079460958", "GB"),
	OK("0 without parentheses", NULL, "+44 0 20 7946 0958", "+442079460958", "GB"),
	OK("(0) of italy stays", NULL, "+39 (0)6 6712 1234", "+390667121234", "IT"),
	OK("trunk 1 after plus 1", NULL, "+1 1 520 555 0123", "+15205550123", "US"),
	OK("trunk 8 after plus 7", NULL, "+7 8 912 345 67 89", "+79123456789", "RU"),
	OK("00 from germany", "DE", "0044 20 7946 0958", "+442079460958", "GB"),
	OK("00 (0)", "DE", "0044 (0)20 7946 0958", "+442079460958", "GB"),
	OK("011 from us", "US", "011 44 20 7946 0958", "+442079460958", "GB"),
	OK("00 from us", "US", "0044 20 7946 0958", "+442079460958", "GB"),
	OK("0011 from australia", "AU", "0011 1 520 555 0123", "+15205550123", "US"),
	OK("010 from japan", "JP", "010 1 520 555 0123", "+15205550123", "US"),
	OK("810 from russia", "RU", "8 10 49 30 12345679", "+493012345679", "DE"),
	OK("001 from hong kong", "HK", "001 44 7700 900123", "+447700900123", "GB"),
	OK("00 without default", NULL, "00 49 30 12345679", "+493012345679", "DE"),
	OK("011 without default", NULL, "011 49 30 12345679", "+493012345679", "DE"),
	OK("bare code of default", "GB", "447911923456", "+447911923456", "GB"),
	OK("bare code where both fit", "DE", "4930123457", "+4930123457", "DE"),
	OK("italian mobile is no calling code", "IT", "393 123 4567", "+393931234567", "IT"),
	OK("no area codes, six digits", "SR", "211-234", "+597211234", "SR"),
	OK("bare code of us", "US", "15205550123", "+15205550123", "US"),
	OK("bare foreign code", "US", "447700900123", "+447700900123", "GB"),
	OK("bare code, no default", NULL, "15205550123", "+15205550123", "US"),
	OK("plus zero is national", "GB", "+07700 900123", "+447700900123", "GB"),
	OK("mexico 1", NULL, "+52 1 55 1234 5678", "+525512345678", "MX"),
	OK("argentina 9", NULL, "+54 9 11 2345 6789", "+5491123456789", "AR"),
	OK("kazakhstan", NULL, "+7 727 234 5678", "+77272345678", "KZ"),
	OK("st helena", NULL, "+290 22158", "+29022158", "SH"),
	OK("tristan", NULL, "+290 8999", "+2908999", "TA"),
	OK("freephone of the world", NULL, "+800 1234 5679", "+80012345679", ""),
	OK("curacao", NULL, "+599 9 518 1234", "+59995181234", "CW"),
	OK("bonaire", NULL, "+599 318 1234", "+5993181234", "BQ"),
	OK("benin ten digits", NULL, "+229 01 90 01 12 34", "+2290190011234", "BJ"),
	NOT("no default", NULL, "(520) 555-0123", PHONE_ODD),
	NOT("no default, zero", NULL, "020 7946 0958", PHONE_ODD),
	NOT("unknown calling code", NULL, "+210 123 456 789", PHONE_ODD),
	NOT("seven local digits", "US", "555-0123", PHONE_ODD),
	NOT("too short for plan", "FR", "06 12 34 56", PHONE_ODD),
	NOT("too long for plan", "US", "520 555 01234", PHONE_ODD),
	NOT("more than 15", NULL, "+49 1234567890123456", PHONE_ODD),
	NOT("more than is kept", NULL, "+15205550123520555012352055501", PHONE_ODD),
	NOT("area code begins with 1", "US", "120-555-0123", PHONE_ODD),
	NOT("area code 911", "US", "911-555-0123", PHONE_ODD),
	NOT("exchange 010", "US", "520-010-0123", PHONE_ODD),
	NOT("exchange 123", NULL, "+1 520 123 4568", PHONE_ODD),
	NOT("zero after plus where there is none", NULL, "+34 0612345678", PHONE_ODD),
	NOT("a digit in the label", "US", "Phone2: 520-555-0123", PHONE_ODD),
	NOT("two without a sign between", "US", "520 555 0123  480 555 0199", PHONE_ODD),
	NOT("short code", "US", "40404", PHONE_NONE),
	NOT("short code of germany", "DE", "123456", PHONE_NONE),
	NOT("one digit", "US", "1", PHONE_NONE),
};

static const struct row writing[] = {
	OK("full width", "JP", "０９０－１２３４－５６７８", "+819012345678", "JP"),
	OK("full width plus", NULL, "＋１ ５２０ ５５５ ０１２３", "+15205550123", "US"),
	OK("arabic-indic", "AE", "٠٥٠ ١٢٣ ٤٥٦٧", "+971501234567", "AE"),
	OK("persian", "IR", "۰۹۱۲ ۳۴۵ ۶۷۸۹", "+989123456789", "IR"),
	OK("devanagari", "IN", "९८७६५ ४३२११", "+919876543211", "IN"),
	OK("contact app marks", "US", "\xE2\x80\xAA(520) 555\xE2\x80\x91" "0123\xE2\x80\xAC", "+15205550123", "US"),
	OK("no-break blanks", "US", "520\xC2\xA0" "555\xE2\x80\xAF" "0123", "+15205550123", "US"),
	OK("zero width", "US", "520\xE2\x80\x8B" "5550123", "+15205550123", "US"),
	OK("en dash", "US", "520–555–0123", "+15205550123", "US"),
	OK("tel uri", "US", "tel:+1-520-555-0123", "+15205550123", "US"),
	OK("p: of an export", NULL, "p:+15205550123", "+15205550123", "US"),
	OK("whatsapp", NULL, "whatsapp:+15205550123", "+15205550123", "US"),
	OK("sip", NULL, "sip:+15205550123@pbx.example.com", "+15205550123", "US"),
	OK("sip with display", NULL, "\"Jane\" <sip:+15205550123@pbx.example.com>", "+15205550123", "US"),
	OK("chat link", NULL, "https://wa.me/15205550123", "+15205550123", "US"),
	OK("spreadsheet exponent", "US", "5.205550123E9", "+15205550123", "US"),
	OK("exponent with plus", "US", "5.205550123E+09", "+15205550123", "US"),
	OK("spreadsheet fraction", "US", "5205550123.0", "+15205550123", "US"),
	OK("label", "US", "Cell: 520 555 0123", "+15205550123", "US"),
	OK("label with dot", "DE", "Tel. 030 12345679", "+493012345679", "DE"),
	OK("word behind", "US", "520-555-0123 (home)", "+15205550123", "US"),
	OK("words with digits behind", "US", "520-555-0123 after 5pm", "+15205550123", "US"),
	OK("hidden caller code", "US", "*67 520 555 0123", "+15205550123", "US"),
	OK("gsm code", "DE", "#31#030 12345679", "+493012345679", "DE"),
	OK("quoted", "US", "'5205550123'", "+15205550123", "US"),
	OK("stroke after (0)", "DE", "+49 (0)6131/123456", "+496131123456", "DE"),
	OK("flowers", "US", "1-800-FLOWERS", "+18003569377", ""),
	OK("vanity with blanks", "US", "1-800-GOT JUNK", "+18004685865", ""),
	OK("vanity overdialled", "US", "1-800-MATTRESS", "+18006288737", ""),
	OK("local vanity", "US", "520-PLUMBER", "+15207586237", "US"),
	WITH("ext.", "US", "520-555-0123 ext. 45", "+15205550123", "45", NULL),
	WITH("ext", "US", "520-555-0123ext45", "+15205550123", "45", NULL),
	WITH("extension", "US", "520-555-0123 Extension: 4567", "+15205550123", "4567", NULL),
	WITH("extn", "US", "(520) 555-0123 Extn 9", "+15205550123", "9", NULL),
	WITH("x", "US", "520-555-0123x45", "+15205550123", "45", NULL),
	WITH("blank x", "US", "520-555-0123 x 45", "+15205550123", "45", NULL),
	WITH("rfc 3966", "US", "tel:+1-520-555-0123;ext=45", "+15205550123", "45", NULL),
	WITH("hash", "US", "520-555-0123 #45", "+15205550123", "45", NULL),
	WITH("pause", "US", "+15205550123,,45#", "+15205550123", "45", NULL),
	WITH("in parentheses", "US", "520-555-0123 (ext 45)", "+15205550123", "45", NULL),
	WITH("russian", "RU", "8 912 345-67-89 доб. 123", "+79123456789", "123", NULL),
	WITH("spanish", "ES", "612 34 56 78 int. 12", "+34612345678", "12", NULL),
	WITH("portuguese", "BR", "11 2345-6789 ramal 12", "+551123456789", "12", NULL),
	WITH("french", "FR", "01 23 45 67 80 poste 12", "+33123456780", "12", NULL),
	WITH("german", "DE", "030 12345679 Durchwahl 12", "+493012345679", "12", NULL),
	WITH("japanese", "JP", "03-1234-5678 内線12", "+81312345678", "12", NULL),
	WITH("eight digits are no extension", "US", "520-555-0123 x12345678", "+15205550123", NULL, "12345678"),
	WITH("two by stroke", "US", "520-555-0123 / 480-555-0199", "+15205550123", NULL, "480-555-0199"),
	WITH("two by or", "US", "520-555-0123 or (480) 555-0199", "+15205550123", NULL, "(480) 555-0199"),
	WITH("two by comma", "US", "520-555-0123, 480-555-0199", "+15205550123", NULL, "480-555-0199"),
	WITH("two by plus", NULL, "+15205550123 +14805550199", "+15205550123", NULL, "+14805550199"),
	WITH("two lines", "US", "520-555-0123\n480-555-0199", "+15205550123", NULL, "480-555-0199"),
	WITH("extension, then a second", "US", "520-555-0123 x4; 480-555-0199", "+15205550123", "4", "480-555-0199"),
};

static const struct row nobody[] = {
	NOT("empty", "US", "", PHONE_NONE),
	NOT("blanks", "US", " \t", PHONE_NONE),
	NOT("anonymous", "US", "anonymous", PHONE_WITHHELD),
	NOT("Anonymous", "US", " Anonymous ", PHONE_WITHHELD),
	NOT("restricted", "US", "RESTRICTED", PHONE_WITHHELD),
	NOT("private number", "US", "Private Number", PHONE_WITHHELD),
	NOT("unavailable", "US", "Unavailable", PHONE_WITHHELD),
	NOT("unknown caller", NULL, "Unknown Caller", PHONE_WITHHELD),
	NOT("blocked", NULL, "blocked", PHONE_WITHHELD),
	NOT("withheld", NULL, "withheld", PHONE_WITHHELD),
	NOT("no caller id", NULL, "No Caller ID", PHONE_WITHHELD),
	NOT("not available", NULL, "Not Available", PHONE_WITHHELD),
	NOT("none", NULL, "none", PHONE_WITHHELD),
	NOT("asserted identity", NULL, "asserted-identity", PHONE_WITHHELD),
	NOT("a plus", NULL, "+", PHONE_WITHHELD),
	NOT("sip anonymous", NULL, "sip:anonymous@anonymous.invalid", PHONE_WITHHELD),
	NOT("keypad anonymous", "US", "266696687", PHONE_WITHHELD),
	NOT("keypad anonymous plus", NULL, "+266696687", PHONE_WITHHELD),
	NOT("keypad anonymous plus one", NULL, "+1266696687", PHONE_WITHHELD),
	NOT("keypad restricted", "US", "7378742833", PHONE_WITHHELD),
	NOT("keypad restricted plus one", "US", "+17378742833", PHONE_WITHHELD),
	NOT("keypad unavailable", "US", "+86282452253", PHONE_WITHHELD),
	NOT("keypad blocked", "US", "2562533", PHONE_WITHHELD),
	NOT("keypad unknown", "US", "+8656696", PHONE_WITHHELD),
	NOT("keypad private", "US", "7748283", PHONE_WITHHELD),
	NOT("client", "US", "client:agent5205550123", PHONE_NONE),
	NOT("a word", "US", "call me", PHONE_NONE),
	NOT("anonymous in a sentence", "US", "my name is anonymous", PHONE_NONE),
	NOT("e-mail", "US", "jane5205550123@example.com", PHONE_NONE),
	NOT("zeros", "US", "0000000000", PHONE_NONE),
	NOT("ones", "US", "111-111-1111", PHONE_NONE),
	NOT("fives", "US", "(555) 555-5555", PHONE_NONE),
	NOT("nines", "US", "+1 999 999 9999", PHONE_NONE),
	NOT("counting up", "US", "1234567890", PHONE_NONE),
	NOT("counting up from zero", "GB", "0123456789", PHONE_NONE),
	NOT("counting down", "US", "987-654-3210", PHONE_NONE),
	NOT("seven of a kind", "US", "520-555-5555", PHONE_NONE),
	NOT("an address", "US", "123 Main Street", PHONE_NONE),
};
/* clang-format on */

#define CHECK(rows) check(rows, sizeof(rows) / sizeof((rows)[0]))

static void national_numbers_get_their_calling_code(void **state)
{
	(void)state;
	CHECK(national);
}

static void foreign_numbers_are_told_by_their_prefix(void **state)
{
	(void)state;
	CHECK(foreign);
}

static void any_way_of_writing_gives_the_same_number(void **state)
{
	(void)state;
	CHECK(writing);
}

static void withheld_and_made_up_numbers_are_no_contact(void **state)
{
	(void)state;
	CHECK(nobody);
}

static void a_normalised_number_stays_as_it_is(void **state)
{
	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < sizeof(national) / sizeof(national[0]); i++) {
		struct phone p;
		phone_parse(&arena, str_from(national[i].e164), NULL, &p);
		if (!same(p.e164, national[i].e164) ||
		    strcmp(p.country, national[i].region) != 0)
			fail_msg("%s: %.*s", national[i].name, STR_FMT(p.e164));
	}
	arena_release(&arena);
}

static void the_table_is_sorted_and_says_each_region_once(void **state)
{
	(void)state;
	assert_true(region_count >= 240);
	for (size_t i = 0; i < region_count; i++) {
		const struct region *r = &region_table[i];
		if (i > 0 && r->calling < region_table[i - 1].calling)
			fail_msg("calling code %u", r->calling);
		if (r->min > r->max || r->max > 13)
			fail_msg("lengths of %s", r->code);
		for (size_t j = 0; j < i && r->code[0] != '\0'; j++)
			if (strcmp(r->code, region_table[j].code) == 0)
				fail_msg("%s twice", r->code);
		if (r->code[0] != '\0' && region_find(r->code) != r)
			fail_msg("%s is not found", r->code);
	}
}

static void no_calling_code_begins_another(void **state)
{
	(void)state;
	for (size_t i = 0; i < region_count; i++) {
		char digits[4];
		size_t length = 0;
		int n = snprintf(digits, sizeof(digits), "%u",
				 region_table[i].calling);
		const struct region *r =
		    region_calling(digits, (size_t)n, &length);
		if (r == NULL || r->calling != region_table[i].calling ||
		    length != (size_t)n)
			fail_msg("%s", digits);
	}
}

static void only_regions_of_the_table_are_countries(void **state)
{
	static const char *const none[] = {"",   "U",  "USA",  "ZZ",
					   "12", "u1", "\1\1", "??"};
	(void)state;
	assert_true(phone_country_ok("US"));
	assert_true(phone_country_ok("gb"));
	assert_false(phone_country_ok(NULL));
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (phone_country_ok(none[i]))
			fail_msg("'%s'", none[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(national_numbers_get_their_calling_code),
	    cmocka_unit_test(foreign_numbers_are_told_by_their_prefix),
	    cmocka_unit_test(any_way_of_writing_gives_the_same_number),
	    cmocka_unit_test(withheld_and_made_up_numbers_are_no_contact),
	    cmocka_unit_test(a_normalised_number_stays_as_it_is),
	    cmocka_unit_test(the_table_is_sorted_and_says_each_region_once),
	    cmocka_unit_test(no_calling_code_begins_another),
	    cmocka_unit_test(only_regions_of_the_table_are_countries),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
