/* SPDX-License-Identifier: MIT */
/* XML to the tree: shapes, what is refused, and that bombs stay small. */
#include "payload/xml.h"

#include <time.h>

#include "rows.h"

static const struct payload_limits LIMITS = {.depth = 32, .values = 20000};

#define XSI "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""

static const struct {
	const char *name, *text, *json;
} READ[] = {
    {"empty element", "<a/>", "{\"a\":\"\"}"},
    {"text", "<a>x</a>", "{\"a\":\"x\"}"},
    {"text is trimmed", "<a>\n  x y\t</a>", "{\"a\":\"x y\"}"},
    {"only blanks", "<a> \n </a>", "{\"a\":\"\"}"},
    {"declaration and BOM",
     "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a>1</a>\n",
     "{\"a\":\"1\"}"},
    {"numbers stay text", "<a>007</a>", "{\"a\":\"007\"}"},
    {"members", "<a><b>1</b><c>2</c></a>", "{\"a\":{\"b\":\"1\",\"c\":\"2\"}}"},
    {"a list", "<a><b>1</b><b>2</b><b>3</b></a>",
     "{\"a\":{\"b\":[\"1\",\"2\",\"3\"]}}"},
    {"a list with others between", "<a><b>1</b><c/><b>2</b></a>",
     "{\"a\":{\"b\":[\"1\",\"2\"],\"c\":\"\"}}"},
    {"a list of objects", "<a><b><c>1</c></b><b><c>2</c><c>3</c></b></a>",
     "{\"a\":{\"b\":[{\"c\":\"1\"},{\"c\":[\"2\",\"3\"]}]}}"},
    {"a list of lists' parents", "<a><b><b>1</b><b>2</b></b><b>3</b></a>",
     "{\"a\":{\"b\":[{\"b\":[\"1\",\"2\"]},\"3\"]}}"},
    {"prefixes go", "<x:a xmlns:x=\"urn:x\"><x:b>1</x:b></x:a>",
     "{\"a\":{\"b\":\"1\"}}"},
    {"one name under two prefixes",
     "<a xmlns:x=\"urn:x\" xmlns:y=\"urn:y\"><x:b>1</x:b><y:b>2</y:b></a>",
     "{\"a\":{\"b\":[\"1\",\"2\"]}}"},
    {"five entities and references",
     "<a>&lt;&gt;&amp;&quot;&apos;&#233;&#x20AC;</a>",
     "{\"a\":\"<>&\\\"'\xc3\xa9\xe2\x82\xac\"}"},
    {"CDATA", "<a>x<![CDATA[<b>&amp;]]>y</a>", "{\"a\":\"x<b>&amp;y\"}"},
    {"comments and instructions are nothing",
     "<!-- c --><a><?pi x?>x<!-- <b/> -->y</a>", "{\"a\":\"xy\"}"},
    {"mixed text", "<a> one <b>2</b> three </a>",
     "{\"a\":{\"b\":\"2\",\"#text\":\"one  three\"}}"},
    {"text before a deep child", "<a>x<b>y<c>z</c></b></a>",
     "{\"a\":{\"b\":{\"c\":\"z\",\"#text\":\"y\"},\"#text\":\"x\"}}"},
    {"attributes", "<a p=\"1\"><b q=\" 2\">x</b><c r=\"\"/></a>",
     "{\"a\":{\"@p\":\"1\",\"b\":{\"@q\":\" 2\",\"#text\":\"x\"},"
     "\"c\":{\"@r\":\"\"}}}"},
    {"attribute and element of one name", "<a b=\"1\"><b>2</b></a>",
     "{\"a\":{\"@b\":\"1\",\"b\":\"2\"}}"},
    {"attribute with a prefix", "<a xmlns:x=\"urn:x\" x:p=\"1\"/>",
     "{\"a\":{\"@p\":\"1\"}}"},
    {"language says nothing", "<a xml:lang=\"en\">x</a>", "{\"a\":\"x\"}"},
    {"nil", "<a " XSI "><b xsi:nil=\"true\"/><c xsi:nil=\"1\"></c></a>",
     "{\"a\":{\"b\":null,\"c\":null}}"},
    {"nil under another prefix",
     "<a xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\">"
     "<b i:nil=\"true\"/></a>",
     "{\"a\":{\"b\":null}}"},
    {"not nil", "<a " XSI "><b xsi:nil=\"false\"/></a>",
     "{\"a\":{\"b\":\"\"}}"},
    {"nil with text", "<a " XSI "><b xsi:nil=\"true\">x</b></a>",
     "{\"a\":{\"b\":\"x\"}}"},
    {"type of an object", "<a " XSI " xsi:type=\"sf:Lead\"><b>1</b></a>",
     "{\"a\":{\"@type\":\"Lead\",\"b\":\"1\"}}"},
    {"type of a text", "<a " XSI " xsi:type=\"xsd:string\">x</a>",
     "{\"a\":\"x\"}"},
    {"schema location", "<a " XSI " xsi:schemaLocation=\"urn:a a.xsd\">x</a>",
     "{\"a\":\"x\"}"},
    {"latin-1", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xE9</a>",
     "{\"a\":\"\xc3\xa9\"}"},
    {"many members",
     "<a><a1/><a2/><a3/><a4/><a5/><a6/><a7/><a8/><a9/><b1/><b2/><b3/><b4/>"
     "<b5/><b6/><b7/><b8/><b9/><c1/><c2/><c3/><c4/><c5/><c6/><c7/><c8/>"
     "<a1>x</a1><c8>y</c8></a>",
     "{\"a\":{\"a1\":[\"\",\"x\"],\"a2\":\"\",\"a3\":\"\",\"a4\":\"\","
     "\"a5\":\"\",\"a6\":\"\",\"a7\":\"\",\"a8\":\"\",\"a9\":\"\","
     "\"b1\":\"\",\"b2\":\"\",\"b3\":\"\",\"b4\":\"\",\"b5\":\"\","
     "\"b6\":\"\",\"b7\":\"\",\"b8\":\"\",\"b9\":\"\",\"c1\":\"\","
     "\"c2\":\"\",\"c3\":\"\",\"c4\":\"\",\"c5\":\"\",\"c6\":\"\","
     "\"c7\":\"\",\"c8\":[\"\",\"y\"]}}"},
};

static void elements_become_one_tree(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(READ); i++) {
		struct arena a = {0};
		struct value *v = NULL;
		struct err err = {0};
		int rc =
		    payload_xml(&a, str_from(READ[i].text), &LIMITS, &v, &err);
		check_row(READ[i].name, rc == 0, err.text);
		check_json(READ[i].name, v, READ[i].json);
		arena_release(&a);
	}
}

#define DOCTYPE "a document type is not taken"

static const struct {
	const char *name, *text, *err;
} REFUSED[] = {
    {"nothing", "", "no element found"},
    {"blanks", "  ", "no element found"},
    {"no markup", "x", "syntax error"},
    {"open at the end", "<a><b></b>", "no element found"},
    {"crossed", "<a><b></a></b>", "mismatched tag"},
    {"two roots", "<a/><b/>", "junk after document element"},
    {"attribute twice", "<a b=\"1\" b=\"2\"/>", "duplicate attribute"},
    {"unknown entity", "<a>&x;</a>", "undefined entity"},
    {"NUL by reference", "<a>&#0;</a>", "invalid character number"},
    {"broken UTF-8", "<a>\xC3(</a>", "not well-formed"},
    {"unknown encoding", "<?xml version=\"1.0\" encoding=\"x\"?><a/>",
     "unknown encoding"},
    {"line and column", "<a>\n <b></c></a>", "at line 2, column 7"},
    {"document type", "<!DOCTYPE a><a/>", DOCTYPE},
    {"document type from elsewhere",
     "<!DOCTYPE a SYSTEM \"http://127.0.0.1:1/x.dtd\"><a/>", DOCTYPE},
    {"entity from a file",
     "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/hostname\">]><a>&x;</a>",
     DOCTYPE},
    {"parameter entity",
     "<!DOCTYPE a [<!ENTITY % x SYSTEM \"http://127.0.0.1:1/\">%x;]><a/>",
     DOCTYPE},
    {"billion laughs",
     "<!DOCTYPE a [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;\">"
     "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;\">]><a>&c;</a>",
     DOCTYPE},
    {"default attributes",
     "<!DOCTYPE a [<!ATTLIST a b CDATA \"xxxxxxxxxx\">]><a/>", DOCTYPE},
};

static void broken_and_dangerous_documents_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(REFUSED); i++) {
		struct arena a = {0};
		struct value *v = NULL;
		struct err err = {0};
		int rc = payload_xml(&a, str_from(REFUSED[i].text), &LIMITS, &v,
				     &err);
		check_row(REFUSED[i].name, rc == LB_EINVAL && v == NULL,
			  "was not refused");
		if (strstr(err.text, REFUSED[i].err) == NULL)
			check_text(REFUSED[i].name, str_from(err.text),
				   REFUSED[i].err);
		arena_release(&a);
	}
}

/* open, then `middle` n times, then close. */
static struct str repeated(struct buf *b, const char *open, const char *middle,
			   size_t n, const char *close)
{
	buf_init(b, 16 << 20);
	buf_add_str(b, str_from(open));
	while (n-- > 0)
		buf_add_str(b, str_from(middle));
	buf_add_str(b, str_from(close));
	return buf_str(b);
}

static int64_t cpu_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static const struct {
	const char *name, *open, *middle;
	size_t n;
	const char *close;
	int code;
} BOMBS[] = {
    {"nesting", "", "<a>", 300000, "", LB_ELIMIT},
    {"elements", "<a>", "<b/>", 250000, "</a>", LB_ELIMIT},
    {"prefixes", "<a ", "xmlns:p=\"urn:p\" ", 60000, "/>", LB_EINVAL},
    {"text in pieces", "<a>", "&amp;", 200000, "</a>", 0},
    {"lines of text", "<a>", "\n", 1000000, "</a>", 0},
    {"comments", "<a>", "<!--x-->", 125000, "</a>", 0},
    {"instructions", "<a>", "<?x y?>", 140000, "</a>", 0},
    {"long name", "<", "abcdefgh", 100000, "/>", LB_ELIMIT},
    {"long attribute", "<a b=\"", "abcdefgh", 100000, "\"/>", 0},
    {"long attribute name", "<a ", "abcdefgh", 100000, "=\"\"/>", LB_ELIMIT},
    {"open bracket", "<a>", "<", 1000000, "", LB_EINVAL},
    {"open comment", "<a><!--", "- ", 500000, "", LB_EINVAL},
    {"open CDATA", "<a><![CDATA[", "] ", 500000, "", LB_EINVAL},
    {"a prefix and a long URI", "<a xmlns:p=\"urn:p\"><b xmlns:p=\"u",
     "rn:long", 70000, "\" p:a=\"1\"/></a>", 0},
};

static void bombs_cost_little(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(BOMBS); i++) {
		struct arena a = {0};
		struct buf b;
		struct value *v = NULL;
		struct err err = {0};
		struct str text = repeated(&b, BOMBS[i].open, BOMBS[i].middle,
					   BOMBS[i].n, BOMBS[i].close);
		int64_t before = cpu_ms();
		int rc = payload_xml(&a, text, &LIMITS, &v, &err);
		check_row(BOMBS[i].name, rc == BOMBS[i].code, err.text);
		check_row(BOMBS[i].name, cpu_ms() - before < 1500,
			  "took too long");
		check_row(BOMBS[i].name, a.total < 16 * 1000 * 1000,
			  "took too much memory");
		buf_release(&b);
		arena_release(&a);
	}
}

static void attributes_have_a_ceiling(void **state)
{
	(void)state;
	static const size_t counts[] = {64, 65, 30000};
	for (size_t i = 0; i < ROWS(counts); i++) {
		struct arena a = {0};
		struct buf b;
		struct value *v = NULL;
		struct err err = {0};
		buf_init(&b, 1 << 20);
		buf_add(&b, "<a", 2);
		for (size_t n = 0; n < counts[i]; n++)
			buf_addf(&b, " a%zu=\"\"", n);
		buf_add(&b, "/>", 2);
		int rc = payload_xml(&a, buf_str(&b), &LIMITS, &v, &err);
		assert_int_equal(rc, counts[i] == 64 ? 0 : LB_ELIMIT);
		buf_release(&b);
		arena_release(&a);
	}
}

static int parse_with(const char *text, size_t depth, size_t values)
{
	struct payload_limits limits = {.depth = depth, .values = values};
	struct arena a = {0};
	struct value *v = NULL;
	struct err err = {0};
	int rc = payload_xml(&a, str_from(text), &limits, &v, &err);
	arena_release(&a);
	return rc;
}

static void ceilings_are_exact(void **state)
{
	(void)state;
	/* The document itself is a level and a value, as braces are. */
	assert_int_equal(parse_with("<a><b/></a>", 3, 100), 0);
	assert_int_equal(parse_with("<a><b/></a>", 2, 100), LB_ELIMIT);
	assert_int_equal(parse_with("<a><b/></a>", 9, 3), 0);
	assert_int_equal(parse_with("<a><b/></a>", 9, 2), LB_ELIMIT);
	assert_int_equal(parse_with("<a><b/><b/></a>", 9, 5), 0);
	assert_int_equal(parse_with("<a><b/><b/></a>", 9, 4), LB_ELIMIT);
	assert_int_equal(parse_with("<a b=''>x</a>", 9, 4), 0);
	assert_int_equal(parse_with("<a b=''>x</a>", 9, 3), LB_ELIMIT);
	assert_int_equal(parse_with("<a/>", 0, 9), LB_ELIMIT);
	assert_int_equal(parse_with("<a/>", 9, 0), LB_ELIMIT);
}

static const char SALESFORCE[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<soapenv:Envelope "
    "xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" "
    "xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" " XSI ">\n"
    " <soapenv:Body>\n"
    "  <notifications xmlns=\"http://soap.sforce.com/2005/09/outbound\">\n"
    "   <OrganizationId>00D5e000000KQ2eEAG</OrganizationId>\n"
    "   <ActionId>04k5e000000CaRkAAK</ActionId>\n"
    "   <SessionId xsi:nil=\"true\"/>\n"
    "   <Notification>\n"
    "    <Id>04l5e00000Gx7QzAAJ</Id>\n"
    "    <sObject xsi:type=\"sf:Lead\" "
    "xmlns:sf=\"urn:sobject.enterprise.soap.sforce.com\">\n"
    "     <sf:Id>00Q5e00001AbCdEEAV</sf:Id>\n"
    "     <sf:Company>Whitfield &amp; Sons</sf:Company>\n"
    "     <sf:Email>dana.w@example.com</sf:Email>\n"
    "     <sf:LastName>Whitfield</sf:LastName>\n"
    "     <sf:MobilePhone>(415) 555-0137</sf:MobilePhone>\n"
    "    </sObject>\n"
    "   </Notification>\n"
    "   <Notification>\n"
    "    <Id>04l5e00000Gx7R0AAJ</Id>\n"
    "    <sObject xmlns:sf=\"urn:sobject.enterprise.soap.sforce.com\" "
    "xsi:type=\"sf:Lead\">\n"
    "     <sf:LastName>Okafor</sf:LastName>\n"
    "     <sf:Phone xsi:nil=\"true\"/>\n"
    "    </sObject>\n"
    "   </Notification>\n"
    "   <Notification><Id>04l5e00000Gx7R1AAJ</Id></Notification>\n"
    "  </notifications>\n"
    " </soapenv:Body>\n"
    "</soapenv:Envelope>\n";

static void an_outbound_message_can_be_walked(void **state)
{
	(void)state;
	struct arena a = {0};
	struct value *v = NULL;
	struct err err = {0};
	int rc = payload_xml(&a, str_from(SALESFORCE), &LIMITS, &v, &err);
	check_row("message", rc == 0, err.text);
	const struct value *n =
	    value_path(v, STR(".Envelope.Body.notifications"));
	check_text("organization", value_member(n, "OrganizationId"),
		   "00D5e000000KQ2eEAG");
	assert_int_equal(value_get(n, "SessionId")->type, VALUE_NULL);
	const struct value *list = value_get(n, "Notification");
	assert_int_equal(list->count, 3);
	check_json("first", value_at(list, 0),
		   "{\"Id\":\"04l5e00000Gx7QzAAJ\",\"sObject\":{"
		   "\"@type\":\"Lead\",\"Id\":\"00Q5e00001AbCdEEAV\","
		   "\"Company\":\"Whitfield & Sons\","
		   "\"Email\":\"dana.w@example.com\","
		   "\"LastName\":\"Whitfield\","
		   "\"MobilePhone\":\"(415) 555-0137\"}}");
	check_json("attributes in another order", value_at(list, 1),
		   "{\"Id\":\"04l5e00000Gx7R0AAJ\",\"sObject\":{"
		   "\"@type\":\"Lead\",\"LastName\":\"Okafor\","
		   "\"Phone\":null}}");
	check_json("no record", value_at(list, 2),
		   "{\"Id\":\"04l5e00000Gx7R1AAJ\"}");
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(elements_become_one_tree),
	    cmocka_unit_test(broken_and_dangerous_documents_are_refused),
	    cmocka_unit_test(bombs_cost_little),
	    cmocka_unit_test(attributes_have_a_ceiling),
	    cmocka_unit_test(ceilings_are_exact),
	    cmocka_unit_test(an_outbound_message_can_be_walked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
