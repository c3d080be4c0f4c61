// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * records make SOURCE NR MIN MAX KEY...: records of pseudo-random keys, of MIN to MAX bytes of data
 *                                        (both of them often), to standard output. SOURCE is a
 *                                        number, from which all is made.
 * records pick KEY [strip]:              those of standard input that have this key, or their data
 * records check KEY:                     that standard input is whole records of this key, each as
 *                                        its source made it, and in its source's order; how many
 *
 * A record is four bytes of length of the rest, four of key, and data; big-endian. The data is
 * made from source and number, which are its first eight bytes where there is room for them.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA_MAX (16 << 20)
#define SOURCES 1024

static unsigned char data[DATA_MAX], made[DATA_MAX];

static uint32_t next(uint64_t *state)
{
	*state = *state * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(*state >> 33);
}

static void fill(unsigned char *at, uint32_t source, uint32_t number, uint32_t size)
{
	uint64_t state = (uint64_t)source << 32 | number;
	uint32_t words[] = {htonl(source), htonl(number)};

	for (uint32_t i = 0; i < size; i++)
		at[i] = (unsigned char)next(&state);
	memcpy(at, words, size < sizeof(words) ? size : sizeof(words));
}

static void put(uint32_t key, uint32_t size)
{
	uint32_t head[] = {htonl(size + 4), htonl(key)};

	fwrite(head, sizeof(head), 1, stdout);
	fwrite(data, size, 1, stdout);
}

static int make(uint32_t source, uint32_t nr, uint32_t min, uint32_t max, char **keys,
		uint32_t keys_nr)
{
	uint64_t state = source;

	for (uint32_t i = 0; i < nr; i++) {
		uint32_t key = (uint32_t)strtoul(keys[next(&state) % keys_nr], NULL, 0);
		uint32_t kind = next(&state) % 8;
		uint32_t size = kind == 0   ? min
				: kind == 1 ? max
					    : min + next(&state) % (max - min + 1);

		fill(data, source, i, size);
		put(key, size);
	}
	return 0;
}

/* 1, or 0 at the end; a record that is not whole ends the program. */
static int get(uint32_t *key, uint32_t *size)
{
	uint32_t head[2];
	size_t got = fread(head, 1, sizeof(head), stdin);

	if (!got)
		return 0;
	*size = ntohl(head[0]) - 4;
	*key = ntohl(head[1]);
	if (got < sizeof(head) || *size > DATA_MAX || fread(data, 1, *size, stdin) != *size) {
		fputs("a record is not whole\n", stderr);
		exit(1);
	}
	return 1;
}

static int pick(uint32_t wanted, int strip)
{
	uint32_t key, size;

	while (get(&key, &size)) {
		if (key != wanted)
			continue;
		if (strip)
			fwrite(data, size, 1, stdout);
		else
			put(key, size);
	}
	return 0;
}

static int check(uint32_t wanted)
{
	static uint32_t from[SOURCES]; /* the least number that may come */
	uint32_t key, size, words[2], nr = 0;

	while (get(&key, &size)) {
		memcpy(words, data, sizeof(words));
		words[0] = ntohl(words[0]);
		words[1] = ntohl(words[1]);
		if (key != wanted || size < sizeof(words) || words[0] >= SOURCES ||
		    words[1] < from[words[0]]) {
			fprintf(stderr, "record %u is not of this place\n", nr);
			return 1;
		}
		from[words[0]] = words[1] + 1;
		fill(made, words[0], words[1], size);
		if (memcmp(made, data, size) != 0) {
			fprintf(stderr, "record %u is not what it was\n", nr);
			return 1;
		}
		nr++;
	}
	printf("%u\n", nr);
	return 0;
}

int main(int argc, char **argv)
{
	int ret = 2;

	if (argc > 6 && strcmp(argv[1], "make") == 0)
		ret = make((uint32_t)atol(argv[2]), (uint32_t)atol(argv[3]),
			   (uint32_t)atol(argv[4]), (uint32_t)atol(argv[5]), argv + 6,
			   (uint32_t)argc - 6);
	else if (argc > 2 && strcmp(argv[1], "pick") == 0)
		ret = pick((uint32_t)strtoul(argv[2], NULL, 0), argc > 3);
	else if (argc > 2 && strcmp(argv[1], "check") == 0)
		ret = check((uint32_t)strtoul(argv[2], NULL, 0));
	if (fflush(stdout) || ferror(stdout))
		ret = 1;
	return ret;
}
