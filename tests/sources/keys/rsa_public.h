/* SPDX-License-Identifier: MIT */
/* Public half of a key made for these tests; the private one is gone. */
#define RSA_TEST_KEY                                                           \
	"-----BEGIN PUBLIC KEY-----\n"                                         \
	"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA2uC4kkCfLuO0kDKs6Y8j\n"   \
	"hxEzwibZQFQNVRtHrKzor+wrqoyo6y8s5PixIP9mp0uJq1f5DNFNhmahXA1wXTgQ\n"   \
	"9RvRsRt64/3hu7zAMzYN1TCepSqigPECjYLemj/StrdYX3ybo53CYg0zN84rIgr7\n"   \
	"0rqGctvcBoAEMdk8Ugg/vYNncNstYyjv/Yniqs2n6J+7mVj9w7kL2mD6g/Y1UAae\n"   \
	"1qRpxnZt3bRgoajB2EsOc1Zag8o49vER4RxuRz6WLvkgmCqeN60WDJqDFhKuMKyt\n"   \
	"yFywfDdiRVXRlbkJAL4vMccYyCf/jlt6OUKqlM1YpUI5oX/UT8pzoKA6p/Vf2MJN\n"   \
	"xwIDAQAB\n"                                                           \
	"-----END PUBLIC KEY-----\n"
