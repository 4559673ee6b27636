/* A session at the session managers: its registration, the verdict on it where one of them gives one, and its updates.
 * What the client sends while the verdict is awaited is kept, within a bound. Main thread. */
#pragma once

#include "session/vgw-session-report.h"
#include "signaling/vgw-message.h"

#define VGW_REGISTRATION_MAX_MESSAGES 64u
#define VGW_REGISTRATION_MAX_BYTES (256u * 1024)

typedef struct _VgwRegistration VgwRegistration;

struct _VgwSession;

typedef struct
{
  void (*admitted) (struct _VgwSession *owner);                                          /* once: the session begins */
  void (*refused) (struct _VgwSession *owner, VgwEndReason reason, const GError *error); /* once: it ends */
  void (*handle) (struct _VgwSession *owner, const VgwMessage *message);                 /* one that was kept */
} VgwRegistrationFuncs;

/* All but @funcs, which is static, outlive it. @report: of the session, with its present phase. @grant: the one of
 * @report, which the verdict may change. Returns: (transfer full) */
VgwRegistration *vgw_registration_new (const VgwSessionContext *context, const VgwSessionReport *report,
                                       VgwGrant *grant, const VgwRegistrationFuncs *funcs, struct _VgwSession *owner);
void vgw_registration_free (VgwRegistration *self);

/* Registers the session. admitted () or refused () follows, at once where no manager decides. Once. */
void vgw_registration_begin (VgwRegistration *self);

/* Something has changed. */
void vgw_registration_update (VgwRegistration *self);

/* The session is over. Nothing follows. */
void vgw_registration_end (VgwRegistration *self);

/* TRUE, and @message is kept, or dropped beyond the bounds, while the verdict is awaited. */
gboolean vgw_registration_hold (VgwRegistration *self, const VgwMessage *message);
