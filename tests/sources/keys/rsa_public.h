/* SPDX-License-Identifier: MIT */
/* Public half of a key made for these tests; the private one is gone. */
#define RSA_TEST_KEY \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr6KrP7aTidkaQY6ZLfvW\n" \
	"y5I1KZSAhZTQ5Nv4WZb6I6IEQ0/POULvisYu46PQQxjji/YaheQFnzCxjVCrRJT3\n" \
	"B0zV+jFaCY+PfAJucz/je1GIqPhtccl5diIH3FFdo12cnzSVxq9ZACzjqlnq6HVd\n" \
	"+fqqmOhV6BYjhCuLZ67MSBeMCdHDzMhtQFzRlA1czq08OCB/IoO6YnE3LJIWLbyJ\n" \
	"ZKpJvPJPGVJ2DhTM/S4isP7Odkcf6R6VIol8f5KGUYLQ8Y/r7R4DNnU8pJqbZ4LD\n" \
	"7zUi4J8i6X/Zc2N9KRmMxjo5lgs9OSq2fwD/bRcEVff04NtyxOq5RayJkJ4mIvN5\n" \
	"XwIDAQAB\n" \
	"-----END PUBLIC KEY-----\n"
