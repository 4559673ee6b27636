/* Who may use the admin listener: the check of each request. Main thread only. */
#pragma once

#include "net/vgw-http-server.h"

typedef struct _VgwAdminAccess VgwAdminAccess;

/* @address: what the listener listens on; @tokens (nullable): see vgw_admin_access_set_tokens (). Returns: (transfer
 * full) */
VgwAdminAccess *vgw_admin_access_new (const char *address, const char *const *tokens);
void vgw_admin_access_free (VgwAdminAccess *self);

/* From now on a request needs one of @tokens (nullable), which are copied. Without any, none is needed on a loopback
 * address; on another one the tokens that there are stay. */
void vgw_admin_access_set_tokens (VgwAdminAccess *self, const char *const *tokens);

/* A VgwHttpCheckFunc. FALSE where it has replied: 401 without a valid token, 403 for a request that a page of another
 * site may have caused. */
gboolean vgw_admin_access_check (VgwHttpRequest *request, gpointer user_data);

/* A VgwHttpForwardCheckFunc: whether vgw_admin_access_check () accepts @head, of a request for what is not public. */
gboolean vgw_admin_access_check_head (const char *head, gsize length, gpointer user_data);

/* What vgw_admin_access_has_digest () needs of the token of @request; NULL where it has none. Returns: (transfer full)
 * (nullable) */
char *vgw_admin_access_read_digest (VgwHttpRequest *request);

/* Whether the token of @digest (nullable) is valid now, or none is needed. */
gboolean vgw_admin_access_has_digest (VgwAdminAccess *self, const char *digest);
