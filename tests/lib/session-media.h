/* The media of the sessions of a test, over loopback, and offers to them. */
#pragma once

#include "media-test.h"
#include "session-test.h"

#define MAX_MLINES 8

/* set_up_context (), with media that have Opus and PCMU; at the end no peer may be left. */
void set_up_media (void);
void tear_down_media (void);

/* An offer that was recorded from Chromium, with every @from replaced by @to (both nullable). Returns: (transfer full) */
char *browser_offer (const char *from, const char *to);

/* Offers of no use: what browser_offer () is given, and the code of the error. */
typedef struct
{
  const char *from;
  const char *to;
  VgwErrorCode code;
} BadOffer;

#define N_BAD_OFFERS 6
extern const BadOffer bad_offers[N_BAD_OFFERS];

void client_offer (Client *client, const char *sdp);
void client_offer_browser (Client *client);
